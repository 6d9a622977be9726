import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { resolve as absolute } from 'node:path';
import type { Pool } from '@capplan/contracts';
import { type Clock, isSameProcess, type Log, markedProcesses, processBirth, signalProcess } from '@capplan/runtime';
import { leavingFirst } from '../decide/leaving-first.ts';
import type { Actuator, SetWorkersOutcome } from '../ports.ts';
import type { LocalProcessClaim } from './local-process-claim.ts';
import { type PoolProcesses, readProcessState, type WorkerProcess, writeProcessState } from './process-state.ts';
import { lockStateFile } from './state-lock.ts';
import { ownerVariable } from './worker-marker.ts';

/** How a worker of a pool is started. */
export interface WorkerCommand {
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

export interface ProcessActuatorOptions {
  clock: Clock;
  log: Log;
  /** The file that remembers which processes are ours. Locked while the actuator is open. */
  stateFile: string;
  /** How to start a worker of this pool; undefined when the pool is not ours to run. */
  commandFor: (pool: Pool) => WorkerCommand | undefined;
  /** From the polite request to leave until the kill, where an order does not say. */
  drainMs: number;
  /** Between two looks at whether all workers are there. */
  superviseMs?: number;
  /** Sees every started worker, for instance to read what it reports. */
  onStart?: (child: ChildProcess, worker: { id: string; pool: string }) => void;
  /** Claims local processes for this set of workers; left out where nobody else can start any for the same pools. */
  claim?: (fleet: { id: string; stateFile: string }) => Promise<LocalProcessClaim>;
  /** Whether workers end with this actuator. Default false: the next executor adopts them. */
  stopsWorkersOnClose?: boolean;
}

/** A worker that ends this soon after its start counts as a failed start. */
const shortLifeMs = 5000;
const backoffMsMax = 30_000;

interface Crashes {
  inARow: number;
  notBeforeMs: number;
}

/**
 * Real worker processes on this machine.
 *
 * Keeps as many as were last ordered: crashed ones are started again, with a growing pause when they do not live long.
 * Those that must go, the idle ones first, get SIGTERM, may finish what they do, and get SIGKILL after the grace.
 * Processes are known by number and time of birth, never by name; those of a former executor are adopted.
 *
 * @throws `conflict` while another process uses the state file, or has the claim; `invalid_input` when the file is damaged
 */
export async function createProcessActuator(
  options: ProcessActuatorOptions,
): Promise<Actuator & { close(): Promise<void> }> {
  const { clock, log, stateFile, commandFor, drainMs, onStart } = options;
  const lock = await lockStateFile(stateFile);
  const state = await readProcessState(stateFile).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  const fleet = state.fleet ?? randomUUID();
  if (state.fleet === undefined) {
    state.fleet = fleet;
    await writeProcessState(stateFile, state);
  }
  const claim = await options.claim?.({ id: fleet, stateFile: absolute(stateFile) }).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  const pools = new Map<string, Pool>();
  const startedMs = new Map<string, number>();
  const crashes = new Map<string, Crashes>();
  const busy = new Map<string, ReadonlyMap<string, number>>();
  let queue: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  /** One thing at a time: the file and the processes must tell the same story. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  const fleetOf = (pool: string): PoolProcesses => {
    state.pools[pool] ??= { wanted: 0, newest_token: 0, next_number: 1, workers: [] };
    return state.pools[pool];
  };
  const save = () => writeProcessState(stateFile, state);
  /** Changes what is kept, and changes it back where it cannot be written down: nobody acts on what was refused. */
  const change = async <T extends object>(kept: T, changes: Partial<T>): Promise<void> => {
    const before = { ...kept };
    Object.assign(kept, changes);
    try {
      await save();
    } catch (error) {
      Object.assign(kept, before);
      throw error;
    }
  };

  async function start(pool: Pool, how: WorkerCommand): Promise<void> {
    const fleet = fleetOf(pool.id);
    const worker = `${pool.id.replaceAll('/', '-')}-${fleet.next_number}`;
    fleet.next_number += 1;
    // Written before and after: if we die in between, the name is spent, and the next executor finds it by its marker.
    await save();
    const child = spawn(how.command, [...how.args], {
      cwd: how.cwd,
      env: {
        ...process.env,
        ...how.env,
        [ownerVariable]: absolute(stateFile),
        CAPPLAN_POOL: pool.id,
        CAPPLAN_WORKER: worker,
        CAPPLAN_CONCURRENCY: String(pool.concurrency),
      },
      stdio: onStart ? ['ignore', 'ignore', 'inherit', 'ipc'] : ['ignore', 'ignore', 'inherit'],
    });
    const failed = new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(String(error)));
      child.once('spawn', () => resolve(undefined));
    });
    const trouble = await failed;
    const birth = child.pid === undefined ? undefined : await processBirth(child.pid);
    if (trouble !== undefined || child.pid === undefined || birth === undefined) {
      noteCrash(pool.id, 0);
      log.warn({ pool: pool.id, worker, trouble }, 'A worker could not be started; it is tried again after a pause.');
      return;
    }
    child.unref();
    child.channel?.unref();
    startedMs.set(worker, clock.nowMs());
    fleet.workers.push({ worker, pid: child.pid, birth, leaving_since_ms: null });
    onStart?.(child, { id: worker, pool: pool.id });
    await save();
  }

  function noteCrash(pool: string, livedMs: number): void {
    const before = crashes.get(pool);
    const inARow = livedMs < shortLifeMs ? (before?.inARow ?? 0) + 1 : 0;
    const pauseMs = inARow === 0 ? 0 : Math.min(backoffMsMax, 250 * 2 ** inARow);
    crashes.set(pool, { inARow, notBeforeMs: clock.nowMs() + pauseMs });
  }

  /** Forgets who is gone, kills who overstays, and makes the number right. */
  async function tend(id: string): Promise<void> {
    const fleet = fleetOf(id);
    const before = JSON.stringify(fleet);
    const alive: WorkerProcess[] = [];
    for (const worker of fleet.workers) {
      if (await isSameProcess(worker.pid, worker.birth)) alive.push(worker);
      else if (worker.leaving_since_ms === null) {
        noteCrash(id, clock.nowMs() - (startedMs.get(worker.worker) ?? 0));
        log.warn({ pool: id, worker: worker.worker }, 'A worker has ended without being told to.');
      }
    }
    fleet.workers = alive;
    for (const worker of alive) {
      if (worker.leaving_since_ms !== null && clock.nowMs() - worker.leaving_since_ms > (worker.grace_ms ?? drainMs)) {
        log.warn({ pool: id, worker: worker.worker }, 'A worker did not leave in time and is killed.');
        signalProcess(worker.pid, 'SIGKILL');
      }
    }
    const staying = alive.filter((worker) => worker.leaving_since_ms === null);
    const names = leavingFirst(
      staying.map(({ worker }) => worker),
      busy.get(id) ?? new Map(),
    ).slice(0, Math.max(0, staying.length - fleet.wanted));
    for (const worker of staying.filter(({ worker: name }) => names.includes(name))) {
      const grace = fleet.grace_ms === undefined ? {} : { grace_ms: fleet.grace_ms };
      await change(worker, { leaving_since_ms: clock.nowMs(), ...grace });
      signalProcess(worker.pid, 'SIGTERM');
    }
    const pool = pools.get(id);
    const how = pool && commandFor(pool);
    if (
      pool &&
      how &&
      !fleet.retired &&
      claim?.lostTo() === undefined &&
      clock.nowMs() >= (crashes.get(id)?.notBeforeMs ?? 0)
    ) {
      for (let missing = fleet.wanted - staying.length; missing > 0; missing--) await start(pool, how);
    }
    if (JSON.stringify(fleet) !== before) await save();
  }

  /** Takes in workers that a former executor started and did not live to write down. */
  async function adoptStrays(): Promise<void> {
    for (const { pid, birth, env } of await markedProcesses(ownerVariable, absolute(stateFile))) {
      const { CAPPLAN_POOL: pool, CAPPLAN_WORKER: worker } = env;
      if (pool === undefined || worker === undefined || pid === process.pid) continue;
      const { workers } = fleetOf(pool);
      // A known name is the worker itself, or a process that it has started.
      if (workers.some((known) => known.worker === worker)) continue;
      log.info({ pool, worker, pid }, 'A worker of a former executor is taken in.');
      workers.push({ worker, pid, birth, leaving_since_ms: null });
    }
  }

  /** Undefined when the token may act; remembers it as the newest. */
  function fenced(fleet: PoolProcesses, token: number): SetWorkersOutcome | undefined {
    const newestToken = fleet.newest_token;
    if (token < newestToken) {
      return { ok: false, reason: 'stale_token', newestToken, detail: `token ${token} is older than ${newestToken}` };
    }
    fleet.newest_token = token;
    return undefined;
  }

  await adoptStrays();
  const ticker = clock.every(
    options.superviseMs ?? 1000,
    () =>
      inTurn(async () => {
        for (const id of Object.keys(state.pools)) await tend(id);
      }),
    (error) => log.error({ error }, 'Looking after the workers failed; the next look comes.'),
  );

  return {
    current: (pool) =>
      inTurn(async () => {
        pools.set(pool.id, pool);
        const fleet = fleetOf(pool.id);
        let ready = 0;
        for (const { pid, birth, leaving_since_ms } of fleet.workers) {
          if (leaving_since_ms === null && (await isSameProcess(pid, birth))) ready += 1;
        }
        return { workers: fleet.wanted, ready: Math.min(ready, fleet.wanted) };
      }),
    setWorkers: ({ pool, workers, fencingToken, busySlots, graceMs }) =>
      inTurn(async () => {
        pools.set(pool.id, pool);
        if (isClosed) return { ok: false, reason: 'not_offered', detail: 'this actuator is closed' };
        if (!commandFor(pool)) {
          return { ok: false, reason: 'not_offered', detail: `no command is configured for workers of ${pool.id}` };
        }
        const holder = claim?.lostTo();
        if (holder !== undefined) {
          return { ok: false, reason: 'not_offered', detail: `another executor has the local processes (${holder})` };
        }
        const fleet = fleetOf(pool.id);
        const stale = fenced(fleet, fencingToken);
        if (stale) return stale;
        const grace = graceMs === undefined ? {} : { grace_ms: graceMs };
        await change(fleet, { wanted: workers, retired: false, ...grace });
        if (busySlots) busy.set(pool.id, busySlots);
        await tend(pool.id);
        // What a worker did then says nothing of what it will do when the next one is asked to leave.
        busy.delete(pool.id);
        return { ok: true, workers };
      }),
    retire: ({ pool, fencingToken }) =>
      inTurn(async () => {
        const fleet = fleetOf(pool);
        const stale = fenced(fleet, fencingToken);
        if (stale) return stale;
        await change(fleet, { wanted: 0, retired: true });
        await tend(pool);
        return { ok: true, workers: 0 };
      }),
    kept: () =>
      inTurn(async () =>
        Object.entries(state.pools).map(([pool, { workers, retired = false }]) => ({
          pool,
          running: workers.length,
          isRetired: retired,
        })),
      ),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await ticker.stop();
      await queue;
      try {
        if (options.stopsWorkersOnClose) await stopAll();
      } finally {
        await claim?.release();
        await lock.release();
      }
    },
  };

  async function stopAll(): Promise<void> {
    const all = Object.values(state.pools).flatMap(({ workers }) => workers);
    for (const { pid, birth } of all) if (await isSameProcess(pid, birth)) signalProcess(pid, 'SIGTERM');
    const untilMs = clock.nowMs() + drainMs;
    for (const { pid, birth } of all) {
      while ((await isSameProcess(pid, birth)) && clock.nowMs() < untilMs) await clock.sleep(50);
      if (await isSameProcess(pid, birth)) signalProcess(pid, 'SIGKILL');
    }
    for (const fleet of Object.values(state.pools)) {
      fleet.workers = [];
      fleet.wanted = 0;
    }
    await save();
  }
}
