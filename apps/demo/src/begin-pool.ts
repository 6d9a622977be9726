import { durationSec, durationText, isCapacityError } from '@capplan/contracts';
import type { Clock, OpenContext } from '@capplan/runtime';
import type { DemoPool } from './demo-pool.ts';
import type { OwnRecords } from './own-records.ts';

/** Real time that the first workers may take to come; after that the run begins with those that are there. */
const firstWorkersMs = 60_000;

/** The first workers stay for so long after the first jobs, virtual ms: until then the forecast knows of quiet only. */
const settlingMs = 900_000;
/** Between two tries to let the first workers go, and their number, while the owner of the policy is away; virtual ms. */
const settleEveryMs = 60_000;
const settleTriesMax = 30;

/**
 * Declares the demo's pool where its user has not put one of that id, and keeps his otherwise; the same for its policy.
 *
 * @returns the demo with the pool and the policy that stand now
 */
export async function declarePool(options: {
  records: OwnRecords;
  demo: DemoPool;
  say: (sentence: string) => void;
}): Promise<DemoPool> {
  const { records, demo, say } = options;
  // Until the first jobs come there is nothing to do, which is no reason to send the first workers away.
  const scaling = { ...demo.policy.scaling, min_workers: demo.pool.initial_workers ?? 1 };
  const policy = await records.putPolicy({ ...demo.policy, scaling });
  const pool = await records.putPool(demo.pool);
  for (const [what, { isOwn, record }] of [
    ['policy', policy],
    ['pool', pool],
  ] as const) {
    if (!isOwn) say(`${what} ${record.id} is not as the demo puts it: yours is kept`);
  }
  return {
    ...demo,
    policy: policy.isOwn ? demo.policy : policy.record,
    pool: pool.isOwn ? demo.pool : pool.record,
    targetSec: policy.isOwn ? demo.targetSec : durationSec(policy.record.slo.p95_latency),
  };
}

/**
 * Waits until the first workers of the declared pool are there. How long they took on this machine is the start-up
 * delay that the planner is given.
 */
export async function awaitFirstWorkers(options: {
  context: OpenContext;
  records: OwnRecords;
  demo: DemoPool;
  clock: Clock;
  realClock: Clock;
  speed: number;
  signal: AbortSignal;
}): Promise<DemoPool> {
  const { context, records, demo, clock, realClock, speed, signal } = options;
  const { bus } = context;
  const wanted = demo.pool.initial_workers ?? 1;
  let orderedMs: number | undefined;
  const arrived = new AbortController();
  const declaredMs = clock.nowMs();
  const following = await Promise.all([
    bus.follow('rollout.stepped', () => {
      orderedMs ??= clock.nowMs();
    }),
    bus.follow('rollout.started', () => {
      orderedMs ??= clock.nowMs();
    }),
    bus.follow('load.observed', ({ envelope: { data } }) => {
      if (data.current_workers >= wanted) arrived.abort();
    }),
  ]);
  await realClock.sleep(firstWorkersMs, AbortSignal.any([arrived.signal, signal]));
  await Promise.all(following.map((subscription) => subscription.stop()));
  signal.throwIfAborted();

  // A snapshot shows a worker up to an interval after it has come.
  const tookSec = (clock.nowMs() - (orderedMs ?? declaredMs)) / 1000 - demo.snapshotIntervalSec / 2;
  const startupSec = measuredStartupSec({
    tookSec: arrived.signal.aborted ? tookSec : undefined,
    declaredSec: durationSec(demo.pool.startup_delay),
    leastSec: Math.max(2, speed * 0.5),
  });
  const measured = { ...demo.pool, startup_delay: durationText(startupSec) };
  const standing = await records.putPool(measured, 'update');
  return standing.isOwn ? { ...demo, pool: measured } : demo;
}

/** Lets the first workers go once there was time to see what they are needed for. Resolves when that is done. */
export async function settlePolicy(options: {
  records: OwnRecords;
  demo: DemoPool;
  clock: Clock;
  signal: AbortSignal;
}): Promise<void> {
  const { records, demo, clock, signal } = options;
  await clock.sleep(settlingMs, signal);
  for (let tries = 0; tries < settleTriesMax && !signal.aborted; tries++) {
    try {
      await records.putPolicy(demo.policy, 'update');
      return;
    } catch (error) {
      // Its owner may be away for a while; what was refused will be refused again.
      if (!isCapacityError(error, 'unavailable') || tries === settleTriesMax - 1) throw error;
      await clock.sleep(settleEveryMs, signal);
    }
  }
}

/** A start that took so many times longer than declared says more about the machine's day than about the pool. */
const slowerMax = 5;

/**
 * The start-up delay to hand on, seconds.
 *
 * @param tookSec how long the first workers took; undefined when they had not all come, which measures nothing
 */
export function measuredStartupSec(start: {
  tookSec: number | undefined;
  declaredSec: number;
  leastSec: number;
}): number {
  const { tookSec, declaredSec, leastSec } = start;
  if (tookSec === undefined) return Math.max(leastSec, declaredSec);
  return Math.max(leastSec, Math.min(slowerMax * declaredSec, Math.round(tookSec)));
}
