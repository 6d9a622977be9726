import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type PrivateServer, startChildServer } from './child-server.ts';
import { freePort } from './free-port.ts';

export interface PrivateServerOptions {
  /** Where its data stay; the same folder and port give the same server again after a restart. */
  dataDir: string;
  /** A free one, when left out. */
  port?: number;
  /** Path or name of the program. */
  command?: string;
  /** Further lines of its configuration, such as its users. */
  settings?: readonly string[];
}

/**
 * A NATS server with JetStream on the loopback interface, for development and tests. What it has acknowledged is on
 * disk after a crash of the process; a power cut can cost what the operating system had not yet written.
 */
export async function startPrivateNats({
  dataDir,
  port,
  command = 'nats-server',
  settings = [],
}: PrivateServerOptions): Promise<PrivateServer> {
  const folder = resolve(dataDir);
  const chosen = port ?? (await freePort());
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'nats.conf');
  const config = [
    `host: 127.0.0.1`,
    `port: ${chosen}`,
    `jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }`,
    ...settings,
    '',
  ].join('\n');
  await writeFile(configFile, config);
  return startChildServer({
    command,
    args: ['--config', configFile],
    url: `nats://127.0.0.1:${chosen}`,
    port: chosen,
    dataDir: folder,
    isReady: (answer) => answer.startsWith('INFO ') && answer.includes('"jetstream":true'),
  });
}

/** A Redis server on the loopback interface, written through to disk every second, that never evicts what has no TTL. */
export async function startPrivateRedis({
  dataDir,
  port,
  command = 'redis-server',
  settings = [],
}: PrivateServerOptions): Promise<PrivateServer> {
  const folder = resolve(dataDir);
  const chosen = port ?? (await freePort());
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'redis.conf');
  const config = [
    'bind 127.0.0.1',
    `port ${chosen}`,
    `dir ${JSON.stringify(folder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy volatile-lru',
    'daemonize no',
    ...settings,
    '',
  ].join('\n');
  await writeFile(configFile, config);
  return startChildServer({
    command,
    // Redis shows its own title among processes; the folder in it lets a later start recognise it.
    args: [configFile, '--proc-title-template', `{title} {listen-addr} ${folder}`],
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    dataDir: folder,
    greeting: 'PING\r\n',
    // A server that asks for a password says so, and is ready.
    isReady: (answer) => answer.startsWith('+PONG') || answer.startsWith('-NOAUTH'),
  });
}
