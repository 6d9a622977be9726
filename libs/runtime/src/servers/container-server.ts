import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { CapacityError } from '@capplan/contracts';
import { freePort } from './free-port.ts';
import { untilAnswers } from './until-answers.ts';

const run = promisify(execFile);

export interface ContainerServer {
  url: string;
  stop(): Promise<void>;
}

/** Whether a container daemon answers; that its command is there says nothing. */
export async function hasContainerDaemon(): Promise<boolean> {
  return run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5_000 }).then(
    ({ stdout }) => stdout.trim() !== '',
    () => false,
  );
}

const kinds = {
  nats: {
    image: 'nats:2.10-alpine',
    inside: 4222,
    scheme: 'nats',
    args: ['--jetstream', '--store_dir', '/data'],
    isReady: (answer: string) => answer.startsWith('INFO '),
    greeting: undefined,
  },
  redis: {
    image: 'redis:7-alpine',
    inside: 6379,
    scheme: 'redis',
    args: ['redis-server', '--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'volatile-lru'],
    isReady: (answer: string) => answer.startsWith('+PONG'),
    greeting: 'PING\r\n',
  },
} as const;

/** Starts a server in a container of its own; its data stay in `dataDir`, and a container left behind is replaced. */
export async function startContainer(
  kind: keyof typeof kinds,
  dataDir: string,
  signal?: AbortSignal,
): Promise<ContainerServer> {
  const { image, inside, scheme, args, isReady, greeting } = kinds[kind];
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const place = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const name = `capacity-planner-${kind}-${place}`;
  const remove = () => run('docker', ['rm', '--force', name], { timeout: 30_000 }).catch(() => {});
  await remove();
  const settings = [
    '--rm',
    '--detach',
    '--name',
    name,
    '--publish',
    `127.0.0.1:${port}:${inside}`,
    '--volume',
    `${folder}:/data`,
  ];
  try {
    await run('docker', ['run', ...settings, image, ...args], { timeout: 300_000, signal });
  } catch (cause) {
    await remove();
    throw new CapacityError('unavailable', `the container ${image} cannot be started: ${String(cause)}`, { cause });
  }
  await untilAnswers({ what: image, port, greeting, isReady, timeoutMs: 30_000 });
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    stop: async () => {
      await run('docker', ['stop', '--time', '5', name], { timeout: 30_000 }).catch(remove);
    },
  };
}
