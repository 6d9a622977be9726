import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../apps/demo/dist/main.js', import.meta.url));

export interface MainJob {
  /** Resolves when the API is up and the first workers are there. */
  ready: Promise<void>;
  /** Ends the whole process at once, as a power cut would; its workers live on without it. */
  kill(): Promise<void>;
  /** Asks it to stop and hands over its summary. */
  stop(): Promise<Record<string, unknown>>;
  isRunning(): boolean;
}

/** The main job as one process on servers that stand by themselves, so that each of them can be killed alone. */
export function startMainJob(options: {
  dataDir: string;
  natsUrl: string;
  redisUrl: string;
  /** `NAME=value` in the environment of everything that this job starts. */
  marker: string;
}): MainJob {
  const [name, value] = options.marker.split('=') as [string, string];
  const words = ['--headless', '--minutes', '30', '--json', '--speed', '4', '--load', '2', '--data', options.dataDir];
  const child: ChildProcess = spawn(process.execPath, [program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NATS_URL: options.natsUrl, REDIS_URL: options.redisUrl, [name]: value },
  });
  const lines: string[] = [];
  const complaints: string[] = [];
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => complaints.push(line));
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('TOKEN')) resolve();
    });
    child.once('exit', (code, signal) =>
      reject(new Error(`the main job ended (${signal ?? code}):\n${complaints.slice(-20).join('\n')}`)),
    );
  });
  ready.catch(() => {});
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    ready,
    isRunning,
    kill: async () => {
      if (isRunning()) child.kill('SIGKILL');
      await ended;
    },
    stop: async () => {
      if (isRunning()) child.kill('SIGTERM');
      await ended;
      if (child.exitCode !== 0) throw new Error(`the main job ended badly:\n${complaints.slice(-20).join('\n')}`);
      return JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;
    },
  };
}

/** Ids of the worker processes that carry the marker; undefined where processes cannot be looked at. */
export function workerProcesses(marker: string): number[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return environment.includes(marker) && environment.some((one) => one.startsWith('CAPPLAN_WORKER='));
      } catch {
        return false;
      }
    })
    .map(Number);
}
