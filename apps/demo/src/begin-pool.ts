import { durationSec, durationText, systemKey } from '@capplan/contracts';
import type { Clock, OpenContext } from '@capplan/runtime';
import type { DemoPool } from './demo-pool.ts';

/** Real time that the first workers may take to come; after that the run begins with those that are there. */
const firstWorkersMs = 60_000;
const actor = { id: 'demo', kind: 'service' } as const;

/** The first workers stay for so long after the first jobs, virtual ms: until then the forecast knows of quiet only. */
const settlingMs = 900_000;

/**
 * Declares the demo's pool and waits until its first workers are there. How long they took on this machine is the
 * start-up delay that the planner is told.
 */
export async function beginPool(options: {
  context: OpenContext;
  demo: DemoPool;
  clock: Clock;
  realClock: Clock;
  speed: number;
}): Promise<DemoPool> {
  const { context, demo, clock, realClock, speed } = options;
  const { bus } = context;
  const wanted = demo.pool.initial_workers ?? 1;
  let orderedMs: number | undefined;
  let workers = 0;
  const arrived = new AbortController();
  const following = await Promise.all([
    bus.follow('rollout.stepped', () => {
      orderedMs ??= clock.nowMs();
    }),
    bus.follow('rollout.started', () => {
      orderedMs ??= clock.nowMs();
    }),
    bus.follow('load.observed', ({ envelope: { data } }) => {
      workers = data.current_workers;
      if (workers >= wanted) arrived.abort();
    }),
  ]);
  // Until the first jobs come there is nothing to do, which is no reason to send the first workers away.
  await putPolicy(bus, { ...demo.policy, scaling: { ...demo.policy.scaling, min_workers: wanted } });
  await putPool(bus, demo);
  const declaredMs = clock.nowMs();
  await realClock.sleep(firstWorkersMs, arrived.signal);
  await Promise.all(following.map((subscription) => subscription.stop()));

  // A snapshot shows a worker up to an interval after it has come.
  const tookSec = (clock.nowMs() - (orderedMs ?? declaredMs)) / 1000 - demo.snapshotIntervalSec / 2;
  const startupSec = measuredStartupSec({
    tookSec: arrived.signal.aborted ? tookSec : undefined,
    declaredSec: durationSec(demo.pool.startup_delay),
    leastSec: Math.max(2, speed * 0.5),
  });
  const measured = { ...demo, pool: { ...demo.pool, startup_delay: durationText(startupSec) } };
  await putPool(bus, measured);
  void clock.sleep(settlingMs).then(
    () => putPolicy(bus, demo.policy),
    () => {},
  );
  return measured;
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

async function putPool(bus: OpenContext['bus'], { pool }: DemoPool): Promise<void> {
  await bus.request('pool.put', { pool }, { key: pool.id, actor });
}

async function putPolicy(bus: OpenContext['bus'], policy: DemoPool['policy']): Promise<void> {
  await bus.request('policy.put', { policy, must: 'either' }, { key: systemKey(policy.id), actor });
}
