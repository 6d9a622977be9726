import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CapacityError } from '@capplan/contracts';
import { isSameProcess, processBirth } from '@capplan/runtime';

/** A file that one living process has to itself. */
export interface StateLock {
  release(): Promise<void>;
}

const attemptsMax = 5;

/**
 * Takes the lock beside a state file. A lock whose owner is dead, known by number and time of birth, is taken over.
 *
 * @throws `conflict` while another process, or another actuator of this one, uses the file
 */
export async function lockStateFile(stateFile: string): Promise<StateLock> {
  const path = `${stateFile}.lock`;
  const text = JSON.stringify({ pid: process.pid, birth: await processBirth(process.pid) });
  await mkdir(dirname(path), { recursive: true });
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      await writeFile(path, text, { flag: 'wx' });
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = await readFile(path, 'utf8').catch(() => undefined);
    if (found === undefined) continue;
    const owner = parse(found);
    if (owner && (await isSameProcess(owner.pid, owner.birth))) {
      const said = `the worker state file ${stateFile} is used by process ${owner.pid}: stop it, or name another file`;
      throw new CapacityError('conflict', `${said} (EXECUTOR_WORKER_STATE_FILE)`);
    }
    await takeAway(path, found);
  }
  throw new CapacityError('conflict', `the lock ${path} changes hands too fast; try again`);
}

/** Takes a dead one's lock away, unless another one has put its own there meanwhile. */
async function takeAway(path: string, dead: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await readFile(aside, 'utf8');
  if (taken !== dead) await writeFile(path, taken, { flag: 'wx' }).catch(() => undefined);
  await rm(aside, { force: true });
}

function parse(text: string): { pid: number; birth: string } | undefined {
  try {
    const { pid, birth } = JSON.parse(text) as { pid?: unknown; birth?: unknown };
    return Number.isInteger(pid) && typeof birth === 'string' ? { pid: pid as number, birth } : undefined;
  } catch {
    // Its writer died half way.
    return undefined;
  }
}
