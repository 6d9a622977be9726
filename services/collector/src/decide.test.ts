import { check, Snapshot } from '@capplan/contracts';
import { expect } from 'chai';
import fc from 'fast-check';
import { historyPoint, isNewSuspicion, observeWindow } from './decide.ts';
import type { DepthOutcome, Observation, PlacedReport, WindowInput, WorkerSeen } from './observe/observation.ts';
import {
  arrivalReport,
  heartbeats,
  jobReport,
  sampleInput,
  samplePool,
  sampleRollout,
  sampleWorkers,
  settings,
} from './observe/samples.test-data.ts';

const depthOf = (jobs: number): DepthOutcome => ({ ok: true, jobs, asOfMs: Number.POSITIVE_INFINITY });
const reasons = (observation: Observation): string[] =>
  observation.snapshot.quality.suspects.map(({ source, reason }) => `${source}: ${reason}`);

/** Windows one after another, each remembering the one before. */
function observeMany(
  windows: { depth?: DepthOutcome; reports?: PlacedReport[]; workers?: WorkerSeen[] }[],
  changes: Partial<WindowInput> = {},
): Observation[] {
  const seen: Observation[] = [];
  for (const { depth = depthOf(0), reports = [], workers = sampleWorkers(2) } of windows) {
    const input = sampleInput({ depth, ...changes });
    // Every window ends at the same moment here: what matters is only what the one before left behind.
    seen.push(
      observeWindow({ ...input, closed: { reports, workers, previous: seen.at(-1), knownSinceMs: 1 } }, settings),
    );
  }
  return seen;
}

describe('observeWindow', () => {
  it('makes a snapshot that fits its schema', () => {
    const { snapshot } = observeWindow(
      sampleInput({ reports: [jobReport({ completed: 30, waitSec: 0.1 })] }),
      settings,
    );
    expect(check(Snapshot, snapshot)).to.deep.include({ ok: true });
    expect(snapshot.completion_rate).to.equal(2);
    expect(snapshot.service_time_mean_s).to.be.closeTo(1, 1e-9);
    expect(snapshot.service_time_scv).to.be.closeTo(0.25, 1e-9);
    expect(snapshot.service_rate).to.be.closeTo(2, 1e-9);
    expect(snapshot.cost_per_hour).to.equal(1);
    expect(snapshot.quality).to.deep.equal({ trusted: true, suspects: [] });
    expect(historyPoint(snapshot).completion_rate).to.equal(2);
  });

  it('is an ordinary answer for an idle pool without workers', () => {
    const input = sampleInput({ closed: { reports: [], workers: [], previous: undefined, knownSinceMs: 1 } });
    const { snapshot } = observeWindow(input, settings);
    expect(check(Snapshot, snapshot)).to.deep.include({ ok: true });
    expect(snapshot.quality.trusted).to.equal(true);
    expect(snapshot.utilization).to.equal(0);
  });

  it('counts demand, not throughput: a growing backlog is demand', () => {
    const [, second] = observeMany([
      { depth: depthOf(10), reports: [jobReport({ completed: 30 })] },
      { depth: depthOf(40), reports: [jobReport({ completed: 30 })] },
    ]);
    expect(second?.snapshot.arrival_rate).to.be.closeTo(4, 1e-9);
    expect(second?.snapshot.completion_rate).to.equal(2);
  });

  it('takes retries out of demand', () => {
    const [, second] = observeMany([
      {},
      { reports: [jobReport({ completed: 30, failed: 15, retried: 15, serviceSec: 0.5 })] },
    ]);
    expect(second?.snapshot.arrival_rate).to.be.closeTo(2, 1e-9);
    expect(second?.snapshot.error_rate).to.be.closeTo(1 / 3, 1e-9);
  });

  it('neither invents nor loses jobs when readings are made at different instants', () => {
    // The balance of each window is off by what moved between two readings; the sum is not.
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 3, maxLength: 30 }), (depths) => {
        const observations = observeMany(
          depths.map((depth) => ({ depth: depthOf(depth), reports: [jobReport({ completed: 30 })] })),
        );
        const arrived = observations.slice(1).reduce((sum, { snapshot }) => sum + snapshot.arrival_rate * 15, 0);
        const grown = (depths.at(-1) ?? 0) - (depths[0] ?? 0);
        expect(arrived).to.be.closeTo(30 * (depths.length - 1) + grown, 1e-6);
      }),
    );
  });

  it('believes those who put jobs into the queue, when they report', () => {
    const [, second] = observeMany([
      { reports: [jobReport({ completed: 30 }), arrivalReport(33)] },
      { reports: [jobReport({ completed: 30 }), arrivalReport(33)] },
    ]);
    expect(second?.snapshot.arrival_rate).to.be.closeTo(33 / 15, 1e-9);
    expect(second?.snapshot.quality.trusted).to.equal(true);
  });

  it('counts workers that were ordered and are not there yet, and their cost', () => {
    const { snapshot } = observeWindow(sampleInput({ rollout: sampleRollout(5, 20) }), settings);
    expect(snapshot.current_workers).to.equal(2);
    expect(snapshot.starting_workers).to.equal(3);
    expect(snapshot.cost_per_hour).to.equal(2.5);
    const late = observeWindow(sampleInput({ rollout: sampleRollout(5, 3600) }), settings);
    expect(late.snapshot.starting_workers).to.equal(0);
  });

  it('does not count a draining worker as capacity, but pays it', () => {
    const workers = [...sampleWorkers(2), ...sampleWorkers(1, { worker: 'w9', draining: true, busy: 2 })];
    const input = sampleInput({
      closed: { reports: heartbeats(workers), workers, previous: undefined, knownSinceMs: 1 },
    });
    const { snapshot } = observeWindow(input, settings);
    expect(snapshot).to.deep.include({ current_workers: 2, slots: 4, busy_slots: 4, cost_per_hour: 1.5 });
    expect(snapshot.utilization).to.equal(0.5);
  });

  it('keeps the service time through a quiet window, and starts from the hint', () => {
    const hinted = observeWindow(sampleInput({ pool: samplePool({ service_time_hint: '2s' }) }), settings);
    expect(hinted.snapshot.service_time_mean_s).to.equal(2);
    const [, quiet] = observeMany([{ reports: [jobReport({ completed: 10, serviceSec: 3 })] }, {}]);
    expect(quiet?.snapshot.service_time_mean_s).to.be.closeTo(3, 1e-9);
  });

  it('infers the service time from busy slots where no report says it, and says so', () => {
    const silent = (completed: number): PlacedReport => {
      const { data, ...rest } = jobReport({ completed });
      const { service_time: _, ...told } = data as Extract<PlacedReport, { kind: 'job' }>['data'];
      return { ...rest, data: told } as PlacedReport;
    };
    const workers = sampleWorkers(2, { busy: 1 });
    const seen = observeMany(
      Array.from({ length: 4 }, () => ({ workers, reports: [silent(10), ...heartbeats(workers)] })),
    );
    // Two of four slots busy, ten jobs in 15 s: three seconds each.
    expect(reasons(seen[0] as Observation)).to.deep.equal(['service_time: missing']);
    expect(seen[0]?.snapshot.quality.unknown).to.deep.equal(['service_time']);
    expect(seen[3]?.snapshot.service_time_mean_s).to.be.closeTo(3, 1e-9);
    expect(seen[3]?.snapshot.quality.trusted).to.equal(true);
    expect(seen[3]?.snapshot.quality.notes?.[0]?.detail).to.contain('Little’s law');
    const [, hinted] = observeMany(
      Array.from({ length: 2 }, () => ({ reports: [silent(10)] })),
      { pool: samplePool({ service_time_hint: '2s' }) },
    );
    expect(hinted?.snapshot.service_time_mean_s).to.equal(2);
    expect(hinted?.snapshot.quality.trusted).to.equal(true);
  });

  it('says how many attempts ended and are retried: with the service time, the load', () => {
    const [observation] = observeMany([
      { reports: [jobReport({ completed: 15, failed: 15, retried: 12, serviceSec: 0.5 })] },
    ]);
    expect(observation?.snapshot).to.deep.include({ completion_rate: 1, attempt_rate: 2, retry_rate: 0.8 });
  });

  it('does not trust what it has to learn anew because the store was emptied, for ten minutes', () => {
    const input = sampleInput({ rememberedSinceMs: 1 });
    const emptied = (previous: Observation | undefined, after: number) =>
      observeWindow(
        {
          ...input,
          window: input.window + after,
          closed: {
            ...input.closed,
            workers: sampleWorkers(2, { seenAtMs: Number.MAX_SAFE_INTEGER }),
            previous,
            knownSinceMs: 2,
          },
        },
        settings,
      );
    const first = emptied(undefined, 0);
    expect(reasons(first)).to.deep.equal(['history: missing']);
    expect(reasons(emptied(first, 39))).to.deep.equal(['history: missing']);
    expect(reasons(emptied(first, 40))).to.deep.equal([]);
    // Nobody who remembers: an ordinary beginning.
    expect(reasons(observeWindow({ ...input, rememberedSinceMs: undefined }, settings))).to.deep.equal([]);
  });

  it('counts a report merged over an outage for one window only', () => {
    const [, second] = observeMany([{}, { reports: [jobReport({ completed: 120, spanSec: 60 })] }]);
    expect(second?.snapshot.completion_rate).to.be.closeTo(2, 1e-9);
  });

  it('learns the service time from a late report, and no rate', () => {
    const [, second] = observeMany([{}, { reports: [jobReport({ completed: 10, serviceSec: 4, late: true })] }]);
    expect(second?.snapshot.completion_rate).to.equal(0);
    expect(second?.snapshot.service_time_mean_s).to.be.closeTo(4, 1e-9);
  });

  describe('does not trust', () => {
    const usual = { depth: depthOf(8), reports: [jobReport({ completed: 30 }), ...heartbeats(sampleWorkers(2))] };

    it('missing workers: no heartbeat from any that should be there', () => {
      const input = sampleInput({
        pool: samplePool({ initial_workers: 2 }),
        closed: { reports: [], workers: [], previous: undefined, knownSinceMs: 1 },
      });
      expect(reasons(observeWindow(input, settings))).to.deep.equal(['workers: missing']);
    });

    it('a missing queue, and keeps the last backlog and at least the last demand', () => {
      const [, , third] = observeMany([
        usual,
        usual,
        { depth: { ok: false, reason: 'missing', detail: 'no such group' } },
      ]);
      expect(reasons(third as Observation)).to.deep.equal(['queue: missing']);
      expect(third?.snapshot.backlog).to.equal(8);
      expect(third?.snapshot.arrival_rate).to.be.closeTo(2, 1e-9);
    });

    it('an unreachable queue, unless workers see the backlog', () => {
      const seeing = sampleWorkers(2, { backlog: 5 });
      const [, told] = observeMany([
        usual,
        { depth: { ok: false, reason: 'unreachable', detail: 'refused' }, workers: seeing },
      ]);
      expect(told?.snapshot).to.deep.include({ backlog: 5, quality: { trusted: true, suspects: [] } });

      const [, second] = observeMany([usual, { depth: { ok: false, reason: 'unreachable', detail: 'refused' } }]);
      expect(reasons(second as Observation)).to.deep.equal(['queue: unreachable']);
      expect(second?.snapshot.backlog).to.equal(8);
    });

    it('stale workers: most fall silent at once, and stay counted', () => {
      const [, second] = observeMany([
        usual,
        { workers: sampleWorkers(2, { seenAtMs: 100_000_000 * 15_000 - 60_000 }) },
      ]);
      expect(reasons(second as Observation)).to.deep.equal(['workers: stale']);
      expect(second?.snapshot.current_workers).to.equal(2);
    });

    it('a stale depth, by its own account', () => {
      const [, second] = observeMany([usual, { depth: { ok: true, jobs: 3, asOfMs: 100_000_000 * 15_000 - 90_000 } }]);
      expect(reasons(second as Observation)).to.deep.equal(['queue: stale']);
      expect(second?.snapshot.backlog).to.equal(8);
    });

    it('a lying depth: the same number again and again while jobs pass through', () => {
      const last = observeMany(Array.from({ length: 10 }, () => usual)).at(-1) as Observation;
      expect(reasons(last)).to.deep.equal(['queue: stale']);
    });

    it('a zero that is not empty: jobs wait, slots are full, and the queue says none', () => {
      const full = sampleWorkers(2, { busy: 2 });
      const lying = {
        depth: depthOf(0),
        workers: full,
        reports: [jobReport({ completed: 30, waitSec: 20 }), ...heartbeats(full)],
      };
      const last = observeMany(Array.from({ length: 6 }, () => lying)).at(-1) as Observation;
      expect(reasons(last)).to.deep.equal(['queue: zero_not_empty']);
      // Little's law: what finished per second times its wait.
      expect(last.snapshot.backlog).to.be.greaterThan(10);
    });

    it('idle heartbeats while work gets done', () => {
      const idle = sampleWorkers(2, { busy: 0 });
      const lying = { workers: idle, reports: [jobReport({ completed: 40 }), ...heartbeats(idle)] };
      const last = observeMany([lying, lying]).at(-1) as Observation;
      expect(reasons(last)).to.deep.equal(['workers: zero_not_empty']);
    });

    it('a value out of range, and does not use it', () => {
      const [, second] = observeMany([usual, { ...usual, depth: depthOf(-5) }]);
      expect(reasons(second as Observation)).to.deep.equal(['queue: implausible_range']);
      expect(second?.snapshot.backlog).to.equal(8);
    });

    it('more work than a worker has slots for, and leaves the report out', () => {
      const [observation] = observeMany([{ reports: [jobReport({ completed: 30_000 })] }]);
      expect(reasons(observation as Observation)).to.deep.equal(['job:w0: implausible_range']);
      expect(observation?.snapshot.completion_rate).to.equal(0);
    });

    it('a sudden change by more than the factor, until it repeats; the value stands, so that scale-up is not blocked', () => {
      const surge = { ...usual, depth: depthOf(200_000) };
      const next = { ...usual, depth: depthOf(400_000) };
      const seen = observeMany([usual, usual, surge, next]);
      expect(reasons(seen[2] as Observation)).to.deep.equal(['arrivals: implausible_change']);
      expect(seen[2]?.snapshot.arrival_rate).to.be.greaterThan(10_000);
      expect(reasons(seen[3] as Observation)).to.deep.equal([]);
    });

    it('reported arrivals that cannot be true beside what left and what waits, at once, and not the next ones', () => {
      const steady = { reports: [jobReport({ completed: 30 }), arrivalReport(30)] };
      const absurd = { reports: [jobReport({ completed: 30 }), arrivalReport(150_000)] };
      const seen = observeMany([steady, steady, absurd, steady, steady]);
      expect(seen.map((observation) => reasons(observation).join())).to.deep.equal([
        '',
        '',
        'arrivals: implausible_change',
        '',
        '',
      ]);
      expect(seen.map(({ snapshot }) => snapshot.arrival_rate)).to.deep.equal([2, 2, 2, 2, 2]);
      // It repeats: one of the two is wrong, and nobody knows which.
      const again = observeMany([steady, steady, absurd, absurd]).at(-1) as Observation;
      expect(reasons(again)).to.include('arrivals: sources_disagree');
      // A rush that stands in the queue is a rush.
      const rush = { depth: depthOf(3000), reports: [jobReport({ completed: 30 }), arrivalReport(3030)] };
      const rushed = observeMany([steady, steady, rush]).at(-1) as Observation;
      expect(rushed.snapshot.arrival_rate).to.equal(202);
    });

    it('sources that disagree twice in a row, and takes the greater one', () => {
      const poisoned = {
        depth: depthOf(0),
        reports: [jobReport({ completed: 60, serviceSec: 0.4 }), arrivalReport(6)],
      };
      const seen = observeMany([poisoned, poisoned, poisoned]);
      expect(reasons(seen[2] as Observation)).to.deep.equal(['arrivals: sources_disagree']);
      expect(seen[2]?.snapshot.arrival_rate).to.be.closeTo(4, 1e-9);
    });
  });

  it('never makes a snapshot that its schema refuses, whatever the reports say', () => {
    const report = fc.oneof(
      fc
        .record({
          completed: fc.integer({ min: 0, max: 1000 }),
          failed: fc.integer({ min: 0, max: 1000 }),
          retried: fc.integer({ min: 0, max: 1000 }),
          serviceSec: fc.double({ min: 0, max: 1e6, noNaN: true }),
          spanSec: fc.integer({ min: 0, max: 5000 }),
          late: fc.boolean(),
        })
        .map(jobReport),
      fc.double({ min: 0, max: 1e9, noNaN: true }).map(arrivalReport),
    );
    const depth: fc.Arbitrary<DepthOutcome> = fc.oneof(
      fc.double().map(depthOf),
      fc.constant<DepthOutcome>({ ok: false, reason: 'unreachable', detail: 'x' }),
      fc.constant<DepthOutcome>({ ok: false, reason: 'not_asked' }),
    );
    const step = fc.record({ depth, reports: fc.array(report, { maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        for (const { snapshot } of observeMany(steps)) {
          const checked = check(Snapshot, snapshot);
          expect(checked.ok, JSON.stringify(checked)).to.equal(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('isNewSuspicion', () => {
  it('is true when a suspect appears or changes, and false while it stays the same', () => {
    const trusted = observeMany([{}])[0]?.snapshot;
    const suspect = observeMany([{ depth: depthOf(-1) }])[0]?.snapshot;
    if (!trusted || !suspect) throw new Error('no snapshot');
    expect(isNewSuspicion(trusted, suspect)).to.equal(true);
    expect(isNewSuspicion(suspect, suspect)).to.equal(false);
    expect(isNewSuspicion(suspect, trusted)).to.equal(false);
  });
});
