import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CapacityError, check } from '@capplan/contracts';
import Type, { type Static } from 'typebox';

const WorkerProcess = Type.Object({
  worker: Type.String(),
  pid: Type.Integer({ minimum: 1 }),
  /** When the process was started; a later process with the same number has another one. */
  birth: Type.String(),
  /** When it was told to leave, in milliseconds since the epoch. */
  leaving_since_ms: Type.Union([Type.Number(), Type.Null()]),
  /** How long it may take to leave, in milliseconds; the actuator's own grace when left out. */
  grace_ms: Type.Optional(Type.Number({ minimum: 0 })),
});
export type WorkerProcess = Static<typeof WorkerProcess>;

const PoolProcesses = Type.Object({
  wanted: Type.Integer({ minimum: 0 }),
  newest_token: Type.Integer({ minimum: 0 }),
  next_number: Type.Integer({ minimum: 0 }),
  workers: Type.Array(WorkerProcess),
  /** How long those that leave next may take, in milliseconds. */
  grace_ms: Type.Optional(Type.Number({ minimum: 0 })),
  /** The pool is no more: none of its workers is started again. */
  retired: Type.Optional(Type.Boolean()),
});
export type PoolProcesses = Static<typeof PoolProcesses>;

export const ProcessState = Type.Object({
  /** Tells these workers from any other set of one installation; made at the first use. */
  fleet: Type.Optional(Type.String()),
  pools: Type.Record(Type.String(), PoolProcesses),
});
export type ProcessState = Static<typeof ProcessState>;

/** Which worker processes are ours, kept in a file so that a restarted executor finds them again. */
export async function readProcessState(path: string): Promise<ProcessState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { pools: {} };
    throw error;
  }
  const checked = check(ProcessState, parse(text));
  if (checked.ok) return checked.value;
  // Starting over would leave workers behind that nobody counts.
  throw new CapacityError('invalid_input', `the worker state file ${path} is damaged: ${checked.problems.join('; ')}`);
}

/** Written beside and moved into place: a crash leaves the old file or the new one, never half of one. */
export async function writeProcessState(path: string, state: ProcessState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.next`, `${JSON.stringify(state, null, 2)}\n`);
  await rename(`${path}.next`, path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
