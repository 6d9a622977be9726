import { expect } from 'chai';
import { compare } from './compare.ts';
import { Collector, studentBelow, studentQuantile } from './estimate.ts';
import { normalQuantile } from './normal-quantile.ts';
import { readScenario } from './read-scenario.ts';
import type { Scenario } from './scenario.ts';
import { simulate, simulateInSteps } from './simulate.ts';
import { toWire } from './to-wire.ts';
import { warmupLength } from './warmup.ts';

function scenario(over: object = {}): Scenario {
  const read = readScenario({
    seed: 3,
    horizon: '20m',
    replications: 6,
    traffic: { pattern: 'constant', rate: 8 },
    service: { distribution: 'exponential', mean: '1s' },
    capacity: { workers: 10 },
    objective: { latency: '4s', percentile: 0.9 },
    cost: { per_worker_hour: 1, per_violation: 0.01, per_violation_minute: 0.5 },
    ...over,
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

function resultOf(given: Scenario, options: Parameters<typeof simulate>[1] = {}) {
  const outcome = simulate(given, options);
  if (!outcome.ok) throw new Error(outcome.detail);
  return outcome.result;
}

describe('simulate', () => {
  it('gives every figure a mean inside its confidence interval', () => {
    const [pool] = resultOf(scenario()).pools;
    const { responseSecMean, workerHours, costWorkers, sloAttainmentJobs } = pool!.summary;
    expect(responseSecMean.low).to.be.below(responseSecMean.mean);
    expect(responseSecMean.high).to.be.above(responseSecMean.mean);
    expect(responseSecMean.count).to.equal(6);
    expect(workerHours.mean).to.be.closeTo(10 / 3, 1e-9);
    expect(costWorkers.mean).to.be.closeTo(10 / 3, 1e-9);
    expect(sloAttainmentJobs.mean).to.be.within(0.9, 1);
    expect(pool!.timeline.startSec.length).to.equal(80);
    expect(pool!.overloaded).to.equal(false);
  });

  it('covers the true mean wait of M/M/c about as often as it claims', () => {
    // a = 8, c = 10: Erlang C 0.409180…, mean wait C / (cμ − λ) = 0.204590…
    let covered = 0;
    for (let seed = 0; seed < 25; seed++) {
      const given = scenario({ seed, horizon: '25m', interval: '5m', warmup: '5m', replications: 6 });
      const { waitSecMean } = resultOf(given).pools[0]!.summary;
      if (waitSecMean.low <= 0.20459 && 0.20459 <= waitSecMean.high) covered++;
    }
    expect(covered).to.be.at.least(20);
  });

  it('counts those who gave up among those who waited, as Erlang A does', () => {
    // M/M/10+M, a = 10, patience as long as a service: balance of the states in closed sums.
    const [offered, servers] = [10, 10];
    let weight = 1;
    let all = 1;
    let waiting = 0;
    for (let jobs = 1; jobs < 200; jobs++) {
      weight *= offered / (Math.min(jobs, servers) + Math.max(0, jobs - servers));
      all += weight;
      if (jobs >= servers) waiting += weight;
    }
    const given = scenario({
      horizon: '4h',
      interval: '5m',
      warmup: '5m',
      traffic: { pattern: 'constant', rate: offered },
      capacity: { workers: servers },
      failures: { give_up_after: { distribution: 'exponential', mean: '1s' } },
    });
    const { waitProbability, jobsAbandoned } = resultOf(given).pools[0]!.summary;
    expect(jobsAbandoned.mean).to.be.above(10_000);
    expect(waitProbability.mean).to.be.closeTo(waiting / all, 0.005);
  });

  it('is the same in one go and step by step, and for the same seed only', () => {
    const steps = simulateInSteps(scenario());
    let step = steps.next();
    let last = 0;
    for (; !step.done; step = steps.next()) {
      expect(step.value.fraction).to.be.within(last, 1);
      last = step.value.fraction;
    }
    expect(step.value.ok && step.value.result).to.deep.equal(resultOf(scenario()));
    expect(resultOf(scenario()).pools).to.not.deep.equal(resultOf(scenario({ seed: 4 })).pools);
  });

  it('stops when it is asked to', () => {
    let asked = 0;
    const outcome = simulate(scenario({ horizon: '7d', interval: '1h' }), { shouldStop: () => ++asked > 3 });
    expect(outcome).to.include({ ok: false, reason: 'cancelled' });
  });

  it('repeats until it is precise enough, and no longer', () => {
    const loose = resultOf(scenario({ replications: { min: 3, max: 60, relative_error: 0.3 } }));
    const tight = resultOf(scenario({ replications: { min: 3, max: 60, relative_error: 0.04 } }));
    expect(loose.stoppedBecause).to.equal('precise');
    expect(tight.replications).to.be.greaterThan(loose.replications);
    const { mean, high } = loose.pools[0]!.summary.responseSecP95;
    expect((high - mean) / mean).to.be.at.most(0.3);
  });

  it('lets an overload grow and says so', () => {
    const [pool] = resultOf(scenario({ capacity: { workers: 5 } })).pools;
    expect(pool!.overloaded).to.equal(true);
    expect(pool!.summary.backlogMax.mean).to.be.closeTo(3 * 1200, 300);
    expect(pool!.breaches[0]!.toSec).to.equal(1200);
    expect(pool!.worst!.brokenShare).to.equal(1);
  });

  it('calls a dead pool broken from when its first job is overdue', () => {
    const [pool] = resultOf(scenario({ capacity: { workers: 0 }, interval: '4s' })).pools;
    expect(pool!.breaches).to.have.length(1);
    expect(pool!.breaches[0]!.fromSec).to.be.within(0, 8);
    expect(pool!.summary.sloAttainmentJobs.mean).to.equal(0);
  });

  it('follows a schedule and pays for it', () => {
    const schedule = [
      { at: 0, workers: 4 },
      { at: '10m', workers: 16 },
    ];
    const [pool] = resultOf(scenario({ capacity: { schedule }, startup: '30s' })).pools;
    expect(pool!.summary.workerHours.mean).to.be.closeTo((4 * 10 + 16 * 10) / 60, 1e-9);
    const ready = pool!.timeline.workersReadyMean.mean;
    expect([ready[39], ready[40], ready[41], ready[42]]).to.deep.equal([4, 4, 4, 16]);
  });

  it('shares a budget by priority', () => {
    const pool = (name: string, priority: number) => ({
      name,
      priority,
      traffic: { pattern: 'constant', rate: 1 },
      service: '1s',
      capacity: { workers: 8 },
    });
    const given = readScenario({
      horizon: '10m',
      replications: 2,
      budget: { workers_max: 11 },
      pools: [pool('low', 0), pool('high', 5)],
    });
    if (!given.ok) throw new Error(JSON.stringify(given.problems));
    const workers = resultOf(given.scenario).pools.map(({ summary }) => summary.workersMax.mean);
    expect(workers).to.deep.equal([3, 8]);
  });

  it('lets an injected controller decide, and refuses a policy without one', () => {
    const given = scenario({ capacity: { policy: { any: 'thing' }, initial_workers: 2, every: '30s' } });
    expect(simulate(given)).to.include({ ok: false, reason: 'controller_missing' });
    const views: number[] = [];
    const { pools } = resultOf(given, {
      controllerFor: (pool) => {
        expect(pool.capacity).to.deep.include({ policy: { any: 'thing' } });
        return {
          decide: ({ atSec, intervals, state }) => {
            expect(state.nowSec).to.equal(atSec);
            expect(intervals.at(-1)!.endSec).to.equal(atSec);
            views.push(intervals.length);
            return state.waiting > 0 ? 20 : 9;
          },
        };
      },
    });
    expect(views.every((length) => length === 2)).to.equal(true);
    expect(pools[0]!.summary.workersMax.mean).to.equal(20);
  });

  it('hands out the first replication as it goes', () => {
    let seen = 0;
    const result = resultOf(scenario(), {
      watchFirst: true,
      onProgress: ({ intervals }) => {
        seen += intervals[0]?.length ?? 0;
      },
    });
    expect(seen).to.equal(80);
    expect(result).to.deep.equal(resultOf(scenario()));
  });

  it('finds a warm-up by itself when asked', () => {
    expect(resultOf(scenario({ warmup: 'auto' })).warmupSec).to.be.within(0, 600);
  });
});

describe('compare', () => {
  it('finds out that two more workers are quicker and dearer, with little noise', () => {
    const cost = { per_worker_hour: 1 };
    const outcome = compare([scenario({ cost }), scenario({ cost, name: 'more', capacity: { workers: 12 } })]);
    if (!outcome.ok) throw new Error(outcome.detail);
    const { metrics } = outcome.pools[0]!.against[0]!;
    expect(metrics.responseSecMean).to.include({ verdict: 'better' });
    expect(metrics.responseSecMean.sureness).to.be.above(0.99);
    expect(metrics.costTotal).to.include({ verdict: 'worse' });
    expect(metrics.costTotal.difference.mean).to.be.closeTo(2 / 3, 1e-9);
    expect(metrics.jobsArrived.difference.mean).to.equal(0);
    expect(outcome.pools[0]!.best).to.include({ responseSecMean: 'more', costTotal: 'scenario' });
  });

  it('finds no difference between a scenario and itself', () => {
    const outcome = compare([scenario(), scenario()]);
    if (!outcome.ok) throw new Error(outcome.detail);
    expect(outcome.results.map(({ name }) => name)).to.deep.equal(['scenario', 'scenario (2)']);
    expect(outcome.pools[0]!.against[0]!.metrics.responseSecP95.verdict).to.equal('same');
  });

  it('refuses one, eleven, and those that do not match', () => {
    const many = Array.from({ length: 11 }, () => scenario());
    for (const scenarios of [many.slice(0, 1), many, [scenario(), scenario({ horizon: '30m' })]]) {
      expect(compare(scenarios)).to.include({ ok: false, reason: 'not_comparable' });
    }
  });
});

describe('the statistics', () => {
  it('know Student’s t and the normal distribution', () => {
    expect(studentQuantile(0.975, 1)).to.be.closeTo(12.7062, 1e-4);
    expect(studentQuantile(0.975, 4)).to.be.closeTo(2.776445, 1e-6);
    expect(studentQuantile(0.95, 30)).to.be.closeTo(1.697261, 1e-6);
    expect(studentBelow(0, 7)).to.be.closeTo(0.5, 1e-12);
    expect(normalQuantile(0.975)).to.be.closeTo(1.959963984540054, 1e-10);
    expect(normalQuantile(1e-6)).to.be.closeTo(-4.753424308822899, 1e-8);
    expect(normalQuantile(0.3)).to.be.closeTo(-0.524400512708041, 1e-10);
  });

  it('have no interval for a single value, and leave out what does not exist', () => {
    const one = new Collector();
    one.add(4);
    one.add(Number.NaN);
    expect(one.estimate()).to.deep.include({ mean: 4, count: 1 });
    expect(one.estimate().low).to.satisfy(Number.isNaN);
  });

  it('see a transient and leave a steady series alone', () => {
    const wave = (i: number) => Math.sin(i * 1.7);
    const rising = Array.from({ length: 400 }, (_, i) => 20 * Math.min(1, i / 60) + wave(i));
    expect(warmupLength(rising)).to.be.within(50, 75);
    expect(warmupLength(Array.from({ length: 400 }, (_, i) => 20 + wave(i)))).to.be.at.most(20);
    expect(warmupLength([])).to.equal(0);
  });
});

describe('toWire', () => {
  it('writes snake_case, seven digits, and null for what does not exist', () => {
    expect(
      toWire({ responseSecP95: 1.23456789, low: Number.NaN, list: [{ fromSec: 1 }], gone: undefined }),
    ).to.deep.equal({
      response_sec_p95: 1.234568,
      low: null,
      list: [{ from_sec: 1 }],
      gone: null,
    });
  });
});
