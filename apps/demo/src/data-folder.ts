import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Claim, claimFolder, claimHolder } from '@capplan/runtime';
import { endLeftovers } from '@capplan/stack';

/** Where a run keeps its records. */
export interface DataFolder {
  path: string;
  /** Removes a folder that was made for this run only. */
  close(): Promise<void>;
}

const prefix = 'capacity-planner-run-';
/** Who uses a data folder: the process that runs on it, and, for a temporary one, whoever made it and will remove it. */
const runners = (path: string) => join(path, 'running');
const makers = (path: string) => join(path, 'made-by');

/** The folder that was named; else a fresh one, after clearing away those that killed runs have left behind. */
export async function openDataFolder(named: string | undefined, parent = tmpdir()): Promise<DataFolder> {
  if (named !== undefined) return { path: named, close: async () => {} };
  await removeAbandoned(parent);
  const path = await mkdtemp(join(parent, prefix));
  await claimFolder(makers(path));
  return { path, close: () => rm(path, { recursive: true, force: true }) };
}

export type RunClaim = { ok: true; claim: Claim } | { ok: false; sentence: string };

/** Has the folder for this process alone, with what an earlier one has left running on it ended. */
export async function claimDataFolder(path: string, say: (sentence: string) => void): Promise<RunClaim> {
  const verdict = await claimFolder(runners(path));
  if (!verdict.ok) {
    const { pid, sinceMs } = verdict.holder;
    const since = new Date(sinceMs).toISOString().slice(0, 19);
    return {
      ok: false,
      sentence: `the data folder ${path} is in use by process ${pid} since ${since}Z: stop that one (kill ${pid}), or give another folder with --data`,
    };
  }
  const ended = await endLeftovers(path, { graceMs: 2000 });
  if (ended > 0)
    say(`ended ${ended} ${ended === 1 ? 'process' : 'processes'} that an earlier run had left behind in ${path}`);
  return verdict;
}

/** Temporary folders whose maker and whose runner are both dead: what still runs on them is ended, and they go. */
async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent).catch((): string[] => []);
  for (const path of names.filter((name) => name.startsWith(prefix)).map((name) => join(parent, name))) {
    // A folder of another user cannot be read; one without a maker is being made, or is none of ours.
    const made = await readdir(makers(path)).catch((): string[] => []);
    if (made.length === 0 || (await claimHolder(makers(path))) || (await claimHolder(runners(path)))) continue;
    await endLeftovers(path, { graceMs: 0 });
    await rm(path, { recursive: true, force: true });
  }
}
