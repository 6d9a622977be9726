import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import fc from 'fast-check';
import { createRateArrivals, createTimestampArrivals } from './arrival-source.ts';
import type { JobFaults } from './job-faults.ts';
import { runQuantilesSec } from './pool-run.ts';
import { PoolSimulation, type PoolSimulationOptions } from './pool-simulation.ts';
import { RatePath } from './rate-path.ts';
import type { ScaleIn } from './scale-in.ts';
import { createServiceSource } from './service-source.ts';

const fixedService = (serviceSec: number) =>
  createServiceSource({ kind: 'deterministic', meanSec: serviceSec }, createRandomStream(0));

function timed(timesSec: number[], over: Partial<PoolSimulationOptions> = {}): PoolSimulation {
  return new PoolSimulation({
    random: createRandomStream(1),
    horizonSec: 100,
    intervalSec: 10,
    arrivals: createTimestampArrivals(timesSec),
    services: fixedService(4),
    workers: 1,
    concurrency: 1,
    startup: 3,
    ...over,
  });
}

function markovian(over: Partial<PoolSimulationOptions> & { ratePerSec: number; seed?: number; meanSec?: number }) {
  const random = createRandomStream(over.seed ?? 1);
  const horizonSec = over.horizonSec ?? 1000;
  return new PoolSimulation({
    random,
    horizonSec,
    intervalSec: 20,
    arrivals: createRateArrivals(
      RatePath.constant(over.ratePerSec, horizonSec),
      { kind: 'poisson' },
      random.fork('arrivals'),
    ),
    services: createServiceSource({ kind: 'exponential', meanSec: over.meanSec ?? 1 }, random.fork('services')),
    workers: 5,
    concurrency: 1,
    startup: 10,
    ...over,
  });
}

describe('PoolSimulation, worked by hand', () => {
  it('serves first come first served and counts jobs where they finish', () => {
    // One slot, 4 s each: 0–4, 4–8, 8–12, then idle until 20.
    const run = timed([0, 1, 2, 20], { objective: { latencyOf: 'wait', targetSec: 3 } }).finish();
    const [first, second, third] = run.intervals;
    expect(first).to.include({ arrivals: 3, completions: 2, waiting: 0, busySlots: 1, sumWaitSec: 3, waited: 1 });
    expect(first!.busySlotsMean).to.equal(1);
    expect(first!.waitingMean).to.be.closeTo((3 + 6) / 10, 1e-12);
    expect(second).to.include({ completions: 1, sumWaitSec: 6, withinTarget: 0 });
    expect(second!.utilization).to.be.closeTo(0.2, 1e-12);
    expect(third).to.include({ arrivals: 1, completions: 1, sumResponseSec: 4 });
    expect(run.measured).to.include({ judged: 4, missed: 1, workerSeconds: 100 });
  });

  it('lets an ordered worker take jobs after the start-up delay, and pays it from the order', () => {
    const pool = timed([0, 0, 0]);
    pool.advanceTo(1);
    expect(pool.setWorkers(2)).to.include({ ordered: 1 });
    expect(pool.state()).to.include({ waiting: 2, busySlots: 1, workersReady: 1, workersStarting: 1 });
    // 0–4 on the first, then 4–8 on either slot: the second is ready at 4.
    const run = pool.finish();
    expect(run.intervals[0]).to.include({ completions: 3, sumWaitSec: 8, workersReadyMean: 1.6 });
    expect(run.intervals[0]!.workerSeconds).to.be.closeTo(19, 1e-12);
  });

  it('cancels starting workers first, then idle ones, and lets busy ones finish', () => {
    const pool = timed([0, 0], { workers: 3 });
    pool.advanceTo(1);
    pool.setWorkers(5);
    pool.advanceTo(2);
    expect(pool.setWorkers(1)).to.deep.equal({ ordered: 0, cancelled: 2, idleGone: 1, busyLeaving: 1 });
    expect(pool.state()).to.include({ busySlots: 2, workersReady: 1, workersStarting: 0, workersDraining: 1 });
    const run = pool.finish();
    expect(run.jobs.completed).to.equal(2);
    // 10 s of the one that stays, 4 of the one that drains, 2 of the idle one, 2 × 1 of the cancelled.
    expect(run.intervals[0]!.workerSeconds).to.be.closeTo(18, 1e-12);
  });

  it('puts the job of a killed worker back in its old place', () => {
    const pool = timed([0, 0, 1], { workers: 2, scaleIn: { mode: 'kill' } });
    pool.advanceTo(2);
    expect(pool.setWorkers(1)).to.include({ busyLeaving: 1 });
    expect(pool.state()).to.include({ waiting: 2, busySlots: 1, workersDraining: 0 });
    const run = pool.finish();
    // The survivor does 0–4, the returned job 4–8 before the one that came at 1, which runs 8–12.
    expect(run.intervals[0]).to.include({ completions: 2, sumWaitSec: 4, killedAttempts: 1 });
    expect(run.intervals[1]).to.include({ completions: 1, sumWaitSec: 7 });
  });

  it('lets a killed job go on where it stood when progress is kept', () => {
    const pool = timed([0, 0], { workers: 2, scaleIn: { mode: 'kill', keepsProgress: true } });
    pool.advanceTo(3);
    pool.setWorkers(1);
    // The survivor ends at 4; the other job's last second follows.
    expect(pool.finish().intervals[0]).to.include({ completions: 2, sumResponseSec: 4 + 5 });
  });

  it('gives a draining worker no more than its grace', () => {
    const pool = timed([0, 0], { workers: 2, scaleIn: { mode: 'drain', graceSec: 1 } });
    pool.advanceTo(2);
    pool.setWorkers(1);
    const run = pool.finish();
    expect(run.killedAttempts).to.equal(1);
    expect(run.intervals[0]!.workerSeconds).to.be.closeTo(10 + 3, 1e-12);
    expect(run.intervals[0]).to.include({ completions: 2, sumResponseSec: 4 + 8 });
  });

  it('lets go of the worker with the fewest running jobs when workers have several slots', () => {
    const pool = timed([0, 0, 0], { workers: 2, concurrency: 2 });
    pool.advanceTo(1);
    pool.setWorkers(1);
    pool.advanceTo(5);
    expect(pool.state()).to.include({ busySlots: 0, workersReady: 1, workersDraining: 0 });
  });

  it('lets a backlog grow without workers, and calls the overdue jobs missed', () => {
    const run = timed([1, 2, 95], { workers: 0, objective: { latencyOf: 'response', targetSec: 20 } }).finish();
    expect(run.jobs).to.include({ arrived: 3, completed: 0, waiting: 3 });
    expect(run.measured).to.include({ judged: 2, missed: 2, workerSeconds: 0 });
    expect(run.intervals.at(-1)).to.include({ waiting: 3, utilization: 0 });
    expect(run.intervals[0]!.waitSecP95).to.satisfy(Number.isNaN);
  });

  it('refuses to go back in time and to have half a worker', () => {
    const pool = timed([]);
    pool.advanceTo(5);
    expect(() => pool.advanceTo(4)).to.throw(RangeError, 'cannot go back');
    expect(() => pool.setWorkers(1.5)).to.throw(RangeError, 'whole number');
    expect(() => timed([3, 2]).finish()).to.throw(RangeError, 'ascending');
  });
});

describe('PoolSimulation, faults worked by hand', () => {
  it('retries a failed attempt after its pause and loses it after the last', () => {
    const faults: JobFaults = {
      failure: { probability: 1 },
      retry: { attemptsMax: 2, backoffSec: 5, factor: 2, maxSec: 60, jitter: 0 },
    };
    const run = timed([0], { faults }).finish();
    expect(run.jobs).to.include({ arrived: 1, dropped: 1, completed: 0 });
    expect(run.intervals.map(({ failedAttempts }) => failedAttempts).slice(0, 3)).to.deep.equal([1, 1, 0]);
    expect(run.measured).to.include({ judged: 1, missed: 1 });
  });

  it('counts the response from the first arrival when a retry succeeds', () => {
    const faults: JobFaults = {
      failure: { probability: 0, stretches: [{ startSec: 0, endSec: 3, probability: 1 }] },
      retry: { attemptsMax: 3, backoffSec: 5, factor: 2, maxSec: 60, jitter: 0 },
    };
    const run = timed([0], { faults }).finish();
    expect(run.intervals[1]).to.include({ completions: 1, sumResponseSec: 13, sumWaitSec: 9, sumServiceSec: 4 });
  });

  it('cuts long attempts off', () => {
    const run = timed([0], { faults: { executionTimeoutSec: 3 } }).finish();
    expect(run.jobs).to.include({ dropped: 1 });
    expect(run.intervals[0]!.busySlotsMean).to.be.closeTo(0.3, 1e-12);
  });

  it('lets waiting jobs give up, seen at once by a watcher', () => {
    const pool = timed([0, 1, 2], { faults: { patience: fixedService(2.5) } });
    pool.advanceTo(3.75);
    expect(pool.state()).to.include({ waiting: 1, busySlots: 1 });
    pool.advanceTo(10);
    const [seen] = pool.observe();
    expect(seen).to.include({ completions: 2, abandoned: 1, sumWaitSec: 2 });
    expect(pool.finish().jobs).to.include({ arrived: 3, completed: 2, abandoned: 1 });
  });

  it('slows running jobs while a dependency is slow', () => {
    const slowdowns = [{ startSec: 2, endSec: 6, factor: 4 }];
    const run = timed([0, 50], { faults: { slowdowns } }).finish();
    // 2 s of work before, 1 s of work in the 4 slow seconds, 1 s after: done at 7.
    expect(run.intervals[0]!.sumResponseSec).to.be.closeTo(7, 1e-12);
    expect(run.intervals[5]!.sumResponseSec).to.be.closeTo(4, 1e-12);
  });

  it('restarts a crashed worker after the start-up delay and repeats its jobs', () => {
    const faults: JobFaults = { crashes: { meanTimeBetweenSec: 50, requeueDelaySec: 5 } };
    const run = markovian({ ratePerSec: 3, faults, horizonSec: 4000 }).finish();
    expect(run.crashes).to.be.within(250, 420);
    expect(run.killedAttempts).to.be.greaterThan(run.crashes / 4);
    expect(run.jobs.arrived - run.jobs.completed).to.equal(run.jobs.running + run.jobs.waiting + run.jobs.inBackoff);
    const readyMean = run.intervals.reduce((sum, { workersReadyMean }) => sum + workersReadyMean, 0) / 200;
    expect(readyMean).to.be.closeTo(5 * (50 / 60), 0.2);
  });
});

describe('PoolSimulation, properties', () => {
  const scaleIns: ScaleIn[] = [{ mode: 'drain' }, { mode: 'drain', graceSec: 2 }, { mode: 'kill' }];
  const anyFaults = fc.record(
    {
      failure: fc.record({ probability: fc.double({ min: 0, max: 0.5, noNaN: true }) }),
      retry: fc.constant({ attemptsMax: 3, backoffSec: 2, factor: 2, maxSec: 10, jitter: 0.5 }),
      executionTimeoutSec: fc.double({ min: 0.5, max: 5, noNaN: true }),
      slowdowns: fc.constant([{ startSec: 100, endSec: 200, factor: 3 }]),
      crashes: fc.record({ meanTimeBetweenSec: fc.constant(60), requeueDelaySec: fc.constantFrom(0, 3) }),
      patienceSec: fc.double({ min: 0.1, max: 20, noNaN: true }),
    },
    { requiredKeys: [] },
  );

  it('conserves jobs and keeps Little’s law under any scaling and any faults', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 })), {
      maxLength: 15,
    });
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom(1, 3),
        fc.constantFrom(...scaleIns),
        fc.option(anyFaults, { nil: undefined }),
        steps,
        (seed, concurrency, scaleIn, chosen, plan) => {
          const { patienceSec, ...rest } = chosen ?? {};
          const faults: JobFaults | undefined = chosen && {
            ...rest,
            ...(patienceSec === undefined
              ? {}
              : {
                  patience: createServiceSource(
                    { kind: 'exponential', meanSec: patienceSec },
                    createRandomStream(seed).fork('patience'),
                  ),
                }),
          };
          const pool = markovian({ seed, ratePerSec: 4, horizonSec: 400, concurrency, scaleIn, faults });
          let observed = 0;
          for (const [lengthSec, workers] of plan) {
            pool.advanceTo(pool.nowSec + lengthSec);
            pool.setWorkers(workers);
            const state = pool.state();
            expect(state.workersReady + state.workersStarting).to.equal(workers);
            if (seed % 2 === 0) for (const seen of pool.observe()) observed += seen.arrivals;
          }
          const run = pool.finish(); // its books are checked there
          for (const seen of run.intervals) observed += seen.arrivals;
          expect(observed).to.equal(run.jobs.arrived);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('answers the same whether it is watched and stepped or run in one go, with and without job tracking', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), fc.constantFrom(1, 2), (seed, workers, concurrency) => {
        const make = (tracked: boolean) =>
          markovian({ seed, ratePerSec: 4, horizonSec: 300, workers, concurrency, faults: tracked ? {} : undefined });
        const whole = make(false).finish();
        const stepped = make(true);
        const seen = [];
        while (stepped.nowSec < 300) {
          stepped.advanceTo(stepped.nowSec + 7);
          stepped.state();
          seen.push(...stepped.observe());
        }
        const end = stepped.finish();
        expect(end.jobs).to.deep.equal(whole.jobs);
        expect(runQuantilesSec(end.measured, 'response', [0.5, 0.9, 1])).to.deep.equal(
          runQuantilesSec(whole.measured, 'response', [0.5, 0.9, 1]),
        );
        for (const [i, interval] of seen.entries()) {
          for (const [key, value] of Object.entries(interval)) {
            const other = whole.intervals[i]![key as keyof typeof interval];
            if (Number.isNaN(value)) expect(other).to.satisfy(Number.isNaN);
            else expect(value, `${key} of interval ${i}`).to.be.closeTo(other, 1e-6);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('never lets jobs wait longer with more workers, on the same jobs', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 8 }), (seed, workers) => {
        const fewer = markovian({ seed, ratePerSec: 3, workers }).finish();
        const more = markovian({ seed, ratePerSec: 3, workers: workers + 1 }).finish();
        expect(more.jobs.arrived).to.equal(fewer.jobs.arrived);
        expect(more.jobs.completed).to.be.at.least(fewer.jobs.completed);
        for (const [i, interval] of more.intervals.entries()) {
          expect(interval.waiting).to.be.at.most(fewer.intervals[i]!.waiting);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('repeats itself for the same seed and differs for another', () => {
    const run = (seed: number) =>
      markovian({ seed, ratePerSec: 4, faults: { failure: { probability: 0.1 } } }).finish();
    expect(run(3)).to.deep.equal(run(3));
    expect(run(3).jobs).to.not.deep.equal(run(4).jobs);
  });

  it('starts jobs in the order of their arrival', () => {
    // With one slot, deterministic service and jobs a little apart, finishing order shows the order of service.
    const random = createRandomStream(9);
    const times = Array.from({ length: 200 }, () => random.next() * 50).sort((a, b) => a - b);
    const run = timed(times, { services: fixedService(0.4), workers: 1, horizonSec: 100 }).finish();
    let free = 0;
    let waits = 0;
    for (const time of times) {
      const start = Math.max(free, time);
      waits += start - time;
      free = start + 0.4;
    }
    expect(run.measured.sumWaitSec).to.be.closeTo(waits, 1e-6);
  });
});

describe('PoolSimulation, against theory', () => {
  it('meets Erlang C: mean wait, share that waits and quantiles of M/M/c', () => {
    const run = markovian({ seed: 11, ratePerSec: 4, workers: 5, horizonSec: 150_000, warmupSec: 1000 }).finish();
    const { measured } = run;
    // Erlang C at a = 4, c = 5 is 0.554113…; the wait beyond it is exponential at rate cμ − λ = 1.
    expect(measured.waited / measured.completions).to.be.closeTo(0.554113, 0.01);
    expect(measured.sumWaitSec / measured.completions).to.be.closeTo(0.554113, 0.03);
    const [p95] = runQuantilesSec(measured, 'wait', [0.95]);
    expect(p95).to.be.closeTo(Math.log(0.554113 / 0.05), 0.1);
    expect(measured.workerSeconds).to.be.closeTo(5 * 149_000, 1e-6);
  });
});
