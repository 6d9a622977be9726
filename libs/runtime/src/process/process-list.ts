import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * What tells one process from a later one that got the same number: when it was started. Undefined when there is no
 * such process. Comes from /proc where there is one, and from `ps` elsewhere.
 */
export async function processBirth(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may contain anything; what follows the last one is fixed: state first, start time 20th.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `ticks:${fields[19]}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || process.platform === 'linux') return undefined;
  }
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() === '' ? undefined : `date:${stdout.trim()}`;
  } catch {
    return undefined;
  }
}

/** Whether this process is still the one that was born then. */
export async function isSameProcess(pid: number, birth: string): Promise<boolean> {
  return (await processBirth(pid)) === birth;
}

/** Sends a signal; false when there was nobody to receive it. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

export interface MarkedProcess {
  pid: number;
  birth: string;
  env: Readonly<Record<string, string>>;
}

/**
 * Processes that were started with this variable in their environment. Finds what was started in the very moment in
 * which its starter died. Only where there is a /proc; elsewhere it finds none.
 */
export async function markedProcesses(name: string, value: string): Promise<MarkedProcess[]> {
  const found: MarkedProcess[] = [];
  const names = await readdir('/proc').catch(() => []);
  for (const pid of names.filter((entry) => /^\d+$/.test(entry)).map(Number)) {
    // Processes of other users cannot be read, and are none of ours.
    const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!text.includes(`${name}=${value}\0`)) continue;
    const env = Object.fromEntries(
      text.split('\0').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
    );
    const birth = await processBirth(pid);
    if (birth !== undefined && env[name] === value) found.push({ pid, birth, env: env as Record<string, string> });
  }
  return found.sort((a, b) => a.pid - b.pid);
}
