import type { Policy, Snapshot } from '@capplan/contracts';
import { timestamp } from '@capplan/contracts';
import type { Decision } from '@capplan/planning';
import { generateTrace } from '@capplan/traces';
import { expect } from 'chai';
import { backtest } from './backtest.ts';
import { createDecisionLoop } from './decision-loop.ts';
import { policyFor } from './policy-for-tests.ts';

/* Troubles that people report of autoscalers, each as the measurements that led to it and the answer that is right. */

const startMs = Date.UTC(2026, 2, 4, 10);
const pool = { id: 'field/pool', concurrency: 1, startupDelaySec: 120, workerCostPerHour: 1, tags: [] };

function seen(change: Partial<Snapshot> & { current_workers: number }, atSec = 60): Snapshot {
  const workers = change.current_workers;
  return {
    pool: pool.id,
    timestamp: timestamp(startMs + atSec * 1000),
    interval_s: 60,
    arrival_rate: 0,
    completion_rate: 0,
    service_rate: 0,
    service_time_mean_s: 0,
    service_time_scv: 1,
    service_time_p50: '0s',
    service_time_p95: '0s',
    starting_workers: 0,
    busy_slots: 0,
    slots: workers,
    utilization: 0,
    backlog: 0,
    error_rate: 0,
    quality: { trusted: true, suspects: [] },
    ...change,
  };
}

interface Case {
  title: string;
  policy: Policy;
  snapshot: Snapshot;
  serviceTimeHintSec?: number;
  right: (decision: Decision) => void;
}

const between = (least: number, most: number) => (decision: Decision) =>
  expect(decision.targetWorkers).to.be.within(least, most);

const longJobs = (latency: string) =>
  policyFor(latency, { scaling: { min_workers: 0, max_workers: 50, scale_to_zero: true } });
const patient = policyFor('4h');

const cases: Case[] = [
  ...[0.2, 0.5, 0.7].map((failing) => ({
    title: `retries are load: ${100 * failing} % of the attempts fail and come back`,
    policy: policyFor('20s', { scaling: { max_workers: 400 } }),
    snapshot: seen({
      arrival_rate: 10,
      completion_rate: 10,
      error_rate: failing,
      busy_slots: 20 / (1 - failing),
      current_workers: Math.ceil(30 / (1 - failing)),
      service_time_mean_s: 2,
    }),
    right: between(Math.floor(22 / (1 - failing)), Math.ceil(32 / (1 - failing))),
  })),
  {
    title: 'failures that are given up are no load',
    policy: policyFor('20s', { scaling: { max_workers: 400 } }),
    snapshot: seen({
      arrival_rate: 10,
      completion_rate: 5,
      error_rate: 0.5,
      busy_slots: 20,
      current_workers: 60,
      service_time_mean_s: 2,
    }),
    right: between(22, 31),
  },
  ...[3600, 7200, 86_400].map((sec) => ({
    title: `nobody is taken away from ten jobs of ${sec / 3600} h, although nothing new comes`,
    policy: longJobs(`${2 * sec}s`),
    snapshot: seen({ busy_slots: 10, current_workers: 10, service_time_mean_s: sec, service_time_scv: 0.2 }),
    right: between(10, 10),
  })),
  {
    title: 'of twenty workers of which ten are in long jobs, ten go at the most',
    policy: longJobs('2h'),
    snapshot: seen({ busy_slots: 10, current_workers: 20, service_time_mean_s: 3600, service_time_scv: 0.2 }),
    right: between(10, 20),
  },
  ...['2h', '1h', '10m', '1m'].map((length) => ({
    title: `one job of ${length} in front of an idle worker needs that worker`,
    policy: patient,
    snapshot: seen({ interval_s: 15, arrival_rate: 1 / 15, backlog: 1, current_workers: 1 }, 15),
    serviceTimeHintSec: { '2h': 7200, '1h': 3600, '10m': 600, '1m': 60 }[length] as number,
    right: between(1, 1),
  })),
  {
    title: 'at the maximum: held by it, with what would be needed, and the objective out of reach',
    policy: policyFor('20s', { scaling: { max_workers: 5 } }),
    snapshot: seen({
      arrival_rate: 10,
      completion_rate: 2.5,
      backlog: 450,
      current_workers: 5,
      busy_slots: 5,
      service_time_mean_s: 2,
    }),
    right: (decision) => {
      expect(decision).to.include({ targetWorkers: 5, hold: 'at_maximum', sloAchievable: false });
      expect(decision.rationale).to.match(/at most 5 workers, \d\d are needed/);
    },
  },
  {
    title: 'at a hard budget: held by it, with what would be needed, and the objective out of reach',
    policy: policyFor('20s', { cost: { hourly_budget: 5, budget_kind: 'hard' } }),
    snapshot: seen({
      arrival_rate: 10,
      completion_rate: 2.5,
      backlog: 450,
      current_workers: 5,
      busy_slots: 5,
      service_time_mean_s: 2,
    }),
    right: (decision) => {
      expect(decision).to.include({ targetWorkers: 5, hold: 'budget', sloAchievable: false });
      expect(decision.rationale).to.match(/pays for 5 workers, \d\d are needed/);
    },
  },
  {
    title: 'floor only: the floor is named, and nobody is taken away from another autoscaler',
    policy: policyFor('20s', { scaling: { max_workers: 200, floor_only: true } }),
    snapshot: seen({
      arrival_rate: 5,
      completion_rate: 5,
      current_workers: 40,
      busy_slots: 10,
      service_time_mean_s: 2,
    }),
    right: (decision) => {
      expect(decision).to.include({ targetWorkers: 40, hold: 'floor_only' });
      expect(decision.floorWorkers).to.be.within(12, 16);
      expect(decision.steps.filter(({ action }) => action === 'scale_down')).to.deep.equal([]);
    },
  },
];

describe('cases from the field', () => {
  for (const { title, policy, snapshot, serviceTimeHintSec, right } of cases) {
    it(title, () => {
      const facts = { ...pool, ...(serviceTimeHintSec !== undefined && { serviceTimeHintSec }) };
      right(createDecisionLoop({ pool: facts, policy }).decide(snapshot));
    });
  }

  for (const intervalSec of [60, 15]) {
    it(`a minute without arrivals takes nobody away, measured every ${intervalSec} s`, () => {
      const policy = policyFor('20s');
      const loop = createDecisionLoop({ pool, policy });
      const shape = { days: 14, intervalSec: 900, dailyAmplitude: 0, weekendFactor: 1, wander: 0, spike: null };
      const history = generateTrace({ ...shape, seed: 7, meanRatePerSec: 20, startMs: startMs - 14 * 86_400_000 });
      loop.learnTrace(history);
      let workers = 42;
      const decided: number[] = [];
      for (let sec = intervalSec; sec <= 900; sec += intervalSec) {
        const isQuiet = sec > 540 && sec <= 600;
        const rate = isQuiet ? 0 : 20;
        const snapshot = seen(
          {
            interval_s: intervalSec,
            arrival_rate: rate,
            completion_rate: rate,
            busy_slots: isQuiet ? 0 : 40,
            current_workers: workers,
            service_time_mean_s: isQuiet ? 0 : 2,
          },
          sec,
        );
        workers = loop.decide(snapshot).targetWorkers;
        decided.push(workers);
      }
      expect(Math.min(...decided)).to.be.at.least(40);
      expect(Math.max(...decided)).to.be.at.most(45);
    });
  }

  for (const absurd of [1_000, 10_000, 1_000_000]) {
    it(`an interval of ${absurd}/s that its own figures contradict orders nobody and is forgotten`, () => {
      const policy = policyFor('20s');
      const loop = createDecisionLoop({ pool, policy });
      let workers = 20;
      let most = 0;
      for (let sec = 15; sec <= 9600; sec += 15) {
        const snapshot = seen(
          {
            interval_s: 15,
            arrival_rate: sec === 6000 ? absurd : 9 + (sec % 7) / 3,
            completion_rate: 10,
            busy_slots: 10,
            current_workers: workers,
            service_time_mean_s: 1,
          },
          sec,
        );
        workers = loop.decide(snapshot).targetWorkers;
        if (sec > 3600) most = Math.max(most, workers);
      }
      expect(most).to.be.at.most(20);
    });
  }

  it('a pool that may stand empty is empty within ten minutes, starts for the first job and for nothing before it', () => {
    const policy = policyFor('60s', { scaling: { min_workers: 0, max_workers: 20, scale_to_zero: true } });
    const loop = createDecisionLoop({ pool, policy });
    const counts: number[] = [];
    let workers = 1;
    for (let minute = 1; minute <= 2880; minute++) {
      const rate = minute === 1 ? 1 / 60 : 0;
      const job = { arrival_rate: rate, completion_rate: rate, service_time_mean_s: rate > 0 ? 2 : 0 };
      workers = loop.decide(seen({ ...job, current_workers: workers }, 60 * minute)).targetWorkers;
      counts.push(workers);
    }
    expect(counts.slice(0, 5)).to.deep.equal([1, 1, 1, 1, 1]);
    expect(Math.max(...counts.slice(10))).to.equal(0);
    const job = seen({ arrival_rate: 1 / 60, backlog: 1, current_workers: 0 }, 60 * 2881);
    expect(loop.decide(job).targetWorkers).to.equal(1);
  });

  it('a rush at every full hour is ordered before it comes', () => {
    const shape = { days: 9, intervalSec: 60, dailyAmplitude: 0, weekendFactor: 1, wander: 0, spike: null };
    const quiet = generateTrace({ ...shape, seed: 5, meanRatePerSec: 5 });
    const rush = generateTrace({ ...shape, seed: 6, meanRatePerSec: 60 });
    const ratesPerSec = quiet.ratesPerSec.map((rate, i) => (i % 60 < 5 ? (rush.ratesPerSec[i] as number) : rate));
    const result = backtest({
      trace: { ...quiet, ratesPerSec },
      policy: policyFor('30s', { scaling: { max_workers: 400 } }),
      service: { kind: 'exponential', meanSec: 2 },
      evalDays: 0.25,
    });
    if (!result.ok) throw new Error(result.detail);
    expect(result.backtest.planner.score.jobsWithin).to.be.at.least(0.98);
  });
});
