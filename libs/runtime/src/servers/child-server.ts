import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CapacityError } from '@capplan/contracts';
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
 * A parent that is killed cannot stop its servers. The process id therefore stays in the data folder, and the next
 * start on the same folder ends what is left, after checking that the process is one started on this very folder.
 */
export async function startChildServer(options: ChildServerOptions): Promise<PrivateServer> {
  const { command, args, url, port, dataDir, startTimeoutMs = 15_000 } = options;
  await mkdir(dataDir, { recursive: true });
  await stopLeftover(dataDir);
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
  if (child.pid !== undefined) await writeFile(join(dataDir, 'server.pid'), String(child.pid));
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
    stop: () => end(child, ended, 'SIGTERM'),
    kill: () => end(child, ended, 'SIGKILL'),
    ended,
  };
}

async function end(child: ChildProcess, ended: Promise<void>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill(signal);
  const insist = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(insist);
}

async function stopLeftover(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'server.pid');
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (Number.isInteger(pid) && pid > 1 && (await isOurs(pid, dataDir))) {
    process.kill(pid, 'SIGTERM');
    for (let tries = 0; tries < 100 && (await isOurs(pid, dataDir)); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (tries === 80) process.kill(pid, 'SIGKILL');
    }
  }
  await rm(pidFile, { force: true });
}

/** Process ids are used again: only one whose command line names this folder is a server of ours. */
async function isOurs(pid: number, dataDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
    const { stdout } = await run('ps', ['-ww', '-o', 'stat=,args=', '-p', String(pid)]);
    return !stdout.startsWith('Z') && stdout.includes(dataDir);
  } catch {
    return false;
  }
}
