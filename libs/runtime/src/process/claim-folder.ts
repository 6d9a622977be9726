import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSameProcess, processBirth } from './process-list.ts';

/** The process that has a folder to itself. */
export interface ClaimHolder {
  pid: number;
  /** When it took the folder, ms since the epoch. */
  sinceMs: number;
}

export interface Claim {
  release(): Promise<void>;
}

export type ClaimVerdict = { ok: true; claim: Claim } | { ok: false; holder: ClaimHolder };

/** Between two looks at whether others who asked at the same moment have gone, ms, and the number of looks. */
const lookEveryMs = 20;
const looksMax = 250;
let claimsMade = 0;

/**
 * Takes a folder for this process alone, where it is not taken.
 *
 * Everybody who asks first writes a file of its own, whose name says who it is, and then looks at the others' files. Of
 * two who ask at the same moment at least one sees the other, and the earlier name goes on. A file of a dead process,
 * known by number and start time, counts for nothing; nobody else can ever own that name, so that it can be removed
 * without a race. Holds among the processes of one machine.
 *
 * @param folder holds nothing but claims; made when it is not there
 */
export async function claimFolder(folder: string): Promise<ClaimVerdict> {
  await mkdir(folder, { recursive: true });
  const birth = (await processBirth(process.pid)) ?? 'unknown';
  const own: Asker = { pid: process.pid, birth, sinceMs: Date.now(), turn: claimsMade++ };
  const name = nameOf(own);
  const withdraw = () =>
    Promise.all([rm(join(folder, name), { force: true }), rm(join(folder, `${name}${held}`), { force: true })]);
  await writeFile(join(folder, name), '', { flag: 'wx' });
  for (let look = 0; look < looksMax; look++) {
    const others = (await livingAskers(folder)).filter((other) => nameOf(other) !== name);
    const first = others.find(({ holds }) => holds) ?? others.find((other) => isEarlier(other, own));
    if (first) {
      await withdraw();
      return { ok: false, holder: { pid: first.pid, sinceMs: first.sinceMs } };
    }
    if (others.length === 0) {
      await writeFile(join(folder, `${name}${held}`), '');
      return { ok: true, claim: { release: async () => void (await withdraw()) } };
    }
    // Who asked later has seen this claim and goes, or had not, and holds the folder in a moment.
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  await withdraw();
  const [other = own] = (await livingAskers(folder)).filter((one) => nameOf(one) !== name);
  return { ok: false, holder: { pid: other.pid, sinceMs: other.sinceMs } };
}

/** Who has the folder now; undefined when nobody has. */
export async function claimHolder(folder: string): Promise<ClaimHolder | undefined> {
  const [first] = (await livingAskers(folder)).sort((a, b) => (isEarlier(a, b) ? -1 : 1));
  return first && { pid: first.pid, sinceMs: first.sinceMs };
}

interface Asker extends ClaimHolder {
  birth: string;
  /** Counts within its process. */
  turn: number;
}

const held = '.held';

function nameOf({ sinceMs, pid, turn, birth }: Asker): string {
  return [sinceMs, pid, turn, encodeURIComponent(birth)].join('~');
}

function isEarlier(a: Asker, b: Asker): boolean {
  return a.sinceMs - b.sinceMs < 0 || (a.sinceMs === b.sinceMs && (a.pid - b.pid || a.turn - b.turn) < 0);
}

/** Everybody in the folder who lives; what the dead have left is cleared away. */
async function livingAskers(folder: string): Promise<(Asker & { holds: boolean })[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const living: (Asker & { holds: boolean })[] = [];
  for (const name of names.filter((entry) => !entry.endsWith(held))) {
    const [sinceMs, pid, turn, birth] = name.split('~');
    const asker = {
      sinceMs: Number(sinceMs),
      pid: Number(pid),
      turn: Number(turn),
      birth: decodeURIComponent(birth ?? ''),
    };
    const isClaim = [asker.sinceMs, asker.pid, asker.turn].every(Number.isSafeInteger);
    if (isClaim && (await isSameProcess(asker.pid, asker.birth)))
      living.push({ ...asker, holds: names.includes(`${name}${held}`) });
    else if (isClaim) for (const file of [name, `${name}${held}`]) await rm(join(folder, file), { force: true });
  }
  return living;
}
