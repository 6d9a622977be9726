import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CapacityError } from '@capplan/contracts';
import { isSameProcess, processBirth, signalProcess } from '../process/process-list.ts';
import { untilAnswers } from './until-answers.ts';

const run = promisify(execFile);

/** A server that this process has started for itself. */
export interface PrivateServer {
  url: string;
  port: number;
  pid: number;
  /** Asks it to end, insists after five seconds, and resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it at once, as a power cut would; data in `dataDir` stay. */
  kill(): Promise<void>;
  /** Resolves when it has ended, whoever ended it. */
  ended: Promise<void>;
}

export interface ChildServerOptions {
  /** What is started, by its path or its name on the PATH. */
  command: string;
  args: string[];
  url: string;
  port: number;
  /** Holds its data, its log and the file with its process id. */
  dataDir: string;
  /** What a client that has connected may say first. */
  greeting?: string;
  /** The answer (or its beginning) by which the server shows that it is ready. */
  isReady(answer: string): boolean;
  startTimeoutMs?: number;
}

/**
 * Starts a server and waits until it answers.
 *
 * A parent that is killed cannot stop its servers. Their process ids therefore stay in the data folders, and the next
 * start on the same folder ends what is left (`endLeftoverServer`).
 */
export async function startChildServer(options: ChildServerOptions): Promise<PrivateServer> {
  const { command, args, url, port, dataDir, startTimeoutMs = 15_000 } = options;
  await mkdir(dataDir, { recursive: true });
  await endLeftoverServer(dataDir);
  const logFile = join(dataDir, 'server.log');
  const log = openSync(logFile, 'a');
  // In a process group of its own: Ctrl-C is for whoever started it, who stops it when its time has come.
  const child = spawn(command, args, { stdio: ['ignore', log, log], cwd: dataDir, detached: true });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const failure = new Promise<never>((_, reject) => {
    child.once('error', (cause) =>
      reject(new CapacityError('unavailable', `${command} cannot be started: ${cause.message}`, { cause })),
    );
    child.once('exit', (code, signal) =>
      reject(new CapacityError('unavailable', `${command} ended at once (${code ?? signal}); see ${logFile}`)),
    );
  });
  failure.catch(() => {});
  await record(child, dataDir);
  try {
    await Promise.race([untilAnswers({ ...options, what: command, timeoutMs: startTimeoutMs }), failure]);
  } catch (error) {
    await end(child, ended, 'SIGKILL');
    throw error;
  }
  return {
    url,
    port,
    pid: child.pid as number,
    stop: async () => {
      await end(child, ended, 'SIGTERM');
      await rm(recordFile(dataDir), { force: true });
    },
    kill: () => end(child, ended, 'SIGKILL'),
    ended,
  };
}

/** The number is written in the moment of the start, so that no kill comes in between; the time of birth follows. */
async function record({ pid }: ChildProcess, dataDir: string): Promise<void> {
  if (pid === undefined) return;
  writeFileSync(recordFile(dataDir), JSON.stringify({ pid } satisfies ServerRecord));
  const birth = await processBirth(pid);
  if (birth !== undefined) await writeFile(recordFile(dataDir), JSON.stringify({ pid, birth } satisfies ServerRecord));
}

async function end(child: ChildProcess, ended: Promise<void>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill(signal);
  const insist = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(insist);
}

/** Who runs on a data folder: written when it is started, and removed when it is known to have ended. */
interface ServerRecord {
  pid: number;
  /** When the process was started; absent in a record of an older version, or of a parent that died in that moment. */
  birth?: string;
}

const recordFile = (dataDir: string) => join(dataDir, 'server.pid');
/** From the request to end until the kill, and between two looks, real ms. */
const leftoverGraceMs = 4000;
const lookEveryMs = 50;

/**
 * Ends the server that a killed parent has left behind on this data folder.
 *
 * Process numbers are used again: only the process that was started then is ended, or, where its start time was not
 * written down, one whose command line names this very folder.
 *
 * @returns whether there was one
 */
export async function endLeftoverServer(dataDir: string): Promise<boolean> {
  const record = await readRecord(dataDir);
  const isThere = async () => record !== undefined && (await isOurs(record, dataDir));
  const found = record !== undefined && (await isThere());
  if (found) {
    signalProcess(record.pid, 'SIGTERM');
    for (let waitedMs = 0; await isThere(); waitedMs += lookEveryMs) {
      if (waitedMs === leftoverGraceMs) signalProcess(record.pid, 'SIGKILL');
      if (waitedMs > 2 * leftoverGraceMs) break;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
  await rm(recordFile(dataDir), { force: true });
  return found;
}

/** Accepts the bare number that older versions wrote. */
async function readRecord(dataDir: string): Promise<ServerRecord | undefined> {
  const text = await readFile(recordFile(dataDir), 'utf8').catch(() => '');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { pid, birth } = (typeof parsed === 'number' ? { pid: parsed } : (parsed ?? {})) as Partial<ServerRecord>;
  if (!Number.isInteger(pid) || (pid as number) <= 1) return undefined;
  return { pid: pid as number, ...(typeof birth === 'string' ? { birth } : {}) };
}

async function isOurs({ pid, birth }: ServerRecord, dataDir: string): Promise<boolean> {
  if (birth !== undefined) return isSameProcess(pid, birth);
  try {
    process.kill(pid, 0);
    const { stdout } = await run('ps', ['-ww', '-o', 'stat=,args=', '-p', String(pid)]);
    return !stdout.startsWith('Z') && stdout.includes(dataDir);
  } catch {
    return false;
  }
}
