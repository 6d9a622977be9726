import { durationText, type Policy, type Pool, timestamp } from '@capplan/contracts';
import type { RandomStream } from '@capplan/random';

/** What one seed's world is like. */
export interface WorldSettings {
  pool: Pool;
  policy: Policy;
  /** Windows of the collector, seconds. */
  intervalSec: number;
  serviceMeanSec: number;
  /** Workers that are there in the beginning. */
  workersAtStart: number;
  /** Hard cap of the executor. */
  workersMax: number;
  /** Faults, as a multiple of the ordinary ones. */
  severity: number;
  /** Of planner, executor, collector and the rest. */
  replicas: number;
  /** Whether the planner has a simulator to try plans in. */
  hasTrials: boolean;
  /** Jobs offered per second, by seconds since the start. */
  rateAt(sec: number): number;
  livesSec: number;
}

/** Draws a world: pool, policy and demand, from tame to wild. */
export function drawSettings(random: RandomStream, startMs: number): WorldSettings {
  const between = (low: number, high: number) => low + (high - low) * random.next();
  const whole = (low: number, high: number) => low + random.integer(high - low + 1);
  const one = <T>(...choices: T[]): T => choices[random.integer(choices.length)] as T;
  const chance = (probability: number) => random.next() < probability;

  const concurrency = whole(1, 4);
  const serviceMeanSec = between(0.5, 4);
  const min = whole(0, 2);
  const max = whole(6, 14);
  const seconds = (low: number, high: number) => durationText(Math.round(between(low, high)));
  const policy: Policy = {
    id: 'policy',
    name: 'Drawn',
    enabled: true,
    mode: one('auto', 'auto', 'auto', 'manual', 'manual', 'advisory'),
    slo: { p95_latency: durationText(serviceMeanSec * between(4, 8)), latency_of: one('response', 'wait') },
    scaling: {
      min_workers: min,
      max_workers: max,
      scale_up_cooldown: seconds(15, 240),
      scale_down_cooldown: seconds(60, 900),
      on_failure: one('stay', 'revert'),
      ...(chance(0.7) && { confidence_threshold: between(0, 0.6) }),
      ...(chance(0.5) && { max_step: whole(1, 6) }),
      ...(chance(0.3) && { scale_to_zero: true }),
      ...(chance(0.15) && { schedules: [{ cron: '30 * * * *', duration: '10m', freeze: true }] }),
    },
    forecast: { horizon: '1h' },
    cost: {
      violation_cost_per_minute: between(0.05, 1),
      ...(chance(0.2) && { hourly_budget: Math.ceil(max * between(0.6, 1.2)), budget_kind: one('soft', 'hard') }),
    },
    approval: {
      large_change_workers: one(3, 100, 100),
      large_change_share: one(1, 10, 10),
      ...(chance(0.3) && { expires_after: seconds(120, 900) }),
    },
    tags: [],
    updated_at: timestamp(startMs),
  };
  const pool: Pool = {
    id: 'shop/check.out',
    policy_id: policy.id,
    queue: { kind: 'bullmq', name: 'check.out' },
    actuator: { kind: 'process' },
    concurrency,
    startup_delay: seconds(2, 90),
    worker_cost_per_hour: 1,
    service_time_hint: durationText(serviceMeanSec),
    ...(chance(0.5) && { initial_workers: whole(Math.max(1, min), max) }),
    tags: [],
    updated_at: timestamp(startMs),
  };
  // In workers' worth of demand: a level that moves, a wave over it, and perhaps a spike that nobody foresees.
  const perWorker = concurrency / serviceMeanSec;
  const level = between(0.5, max * 0.5);
  const swing = between(0, 0.8);
  const periodSec = between(900, 5400);
  const spike = { fromSec: between(300, 2400), lastsSec: between(120, 1200), factor: chance(0.4) ? between(2, 5) : 1 };
  const silence = { fromSec: between(300, 2400), lastsSec: chance(0.2) ? between(120, 1200) : 0 };
  return {
    pool,
    policy,
    intervalSec: one(15, 30, 30, 60, 60),
    serviceMeanSec,
    workersAtStart: chance(0.2) ? 0 : whole(Math.max(1, min), max),
    workersMax: chance(0.2) ? max - 2 : 1000,
    severity: one(0, 0.5, 1, 1, 2),
    replicas: one(1, 1, 2),
    hasTrials: chance(0.2),
    livesSec: 2700,
    rateAt: (sec) => {
      if (sec >= silence.fromSec && sec < silence.fromSec + silence.lastsSec) return 0;
      const wave = 1 + swing * Math.sin((2 * Math.PI * sec) / periodSec);
      const isSpike = sec >= spike.fromSec && sec < spike.fromSec + spike.lastsSec;
      return Math.min(max * 1.2, level * wave * (isSpike ? spike.factor : 1)) * perWorker * 0.8;
    },
  };
}
