import type { IntervalObservation, IntervalReader } from './interval-reader.ts';
import type { JobTracker } from './job-tracker.ts';
import { quantilesOfBins } from './latency-bins.ts';
import { column, type Ledger } from './ledger.ts';
import type { LoopState } from './run-plain.ts';

/** Where the jobs of a whole run ended up; `arrived` is the sum of the others. */
export interface JobAccount {
  arrived: number;
  completed: number;
  /** Lost after their last attempt. */
  dropped: number;
  /** Gave up waiting. */
  abandoned: number;
  /** In a slot at the horizon. */
  running: number;
  /** In the queue at the horizon. */
  waiting: number;
  /** In the pause before a retry at the horizon. */
  inBackoff: number;
}

/** Everything one run of one pool has shown. */
export interface PoolRun {
  /** The intervals that nobody had observed before the end: all of them in an open-loop run. */
  intervals: IntervalObservation[];
  jobs: JobAccount;
  /** Attempts cut short by a killed or crashed worker, in the whole run. */
  killedAttempts: number;
  failedAttempts: number;
  crashes: number;
  /** Sums over the intervals after the warm-up. */
  measured: MeasuredRun;
}

/** Sums after the warm-up. Jobs count where they finish. */
export interface MeasuredRun {
  fromSec: number;
  lengthSec: number;
  arrivals: number;
  completions: number;
  waited: number;
  sumWaitSec: number;
  sumResponseSec: number;
  sumServiceSec: number;
  sumServiceSecSquared: number;
  workerSeconds: number;
  /** Jobs whose fate against the target is known: finished, given up, lost, or waiting beyond it already. */
  judged: number;
  /** Judged jobs that missed the latency target. */
  missed: number;
  waitBins: Uint32Array;
  responseBins: Uint32Array;
}

/** Quantiles of the measured waits or responses, in seconds; NaN when no job finished. */
export function runQuantilesSec(run: MeasuredRun, of: 'wait' | 'response', levels: readonly number[]): number[] {
  return quantilesOfBins(of === 'wait' ? run.waitBins : run.responseBins, run.completions, levels);
}

/** Reads the rest of a run, checks its books and sums it up. */
export function summarizeRun(parts: {
  state: LoopState;
  tracker: JobTracker | undefined;
  reader: IntervalReader;
  warmupIntervals: number;
  waitTotals: Uint32Array;
  responseTotals: Uint32Array;
}): PoolRun {
  const { state, tracker, reader, warmupIntervals } = parts;
  const { ledger } = state;
  const pending = drainPending(state, tracker);
  const intervals: IntervalObservation[] = [];
  while (reader.next < ledger.intervals) intervals.push(reader.read());
  const jobs: JobAccount = {
    arrived: ledger.total(column.arrivals),
    completed: ledger.total(column.completions),
    dropped: ledger.total(column.dropped),
    abandoned: ledger.total(column.abandoned),
    running: ledger.total(column.starts) - ledger.total(column.finishes),
    waiting: pending.waiting,
    inBackoff: pending.inBackoff,
  };
  assertConserved(state, jobs);
  assertLittle(reader.jobSeconds, (tracker?.jobSeconds ?? finishedJobSeconds(ledger)) + pending.jobSeconds);

  const first = Math.min(warmupIntervals, ledger.intervals);
  const after = (field: number) => ledger.total(field, first);
  const completions = after(column.completions);
  const beyond = (field: number) => ledger.get(ledger.intervals, field);
  // Jobs still in a slot at the horizon are judged by when they will finish, which is known.
  const within = after(column.within) + beyond(column.within);
  const judged =
    completions +
    beyond(column.completions) +
    after(column.abandoned) +
    after(column.dropped) +
    beyond(column.dropped) +
    pending.overdue;
  return {
    intervals,
    jobs,
    killedAttempts: ledger.total(column.killedAttempts),
    failedAttempts: ledger.total(column.failedAttempts),
    crashes: ledger.total(column.crashes),
    measured: {
      fromSec: first * ledger.intervalSec,
      lengthSec: (ledger.intervals - first) * ledger.intervalSec,
      arrivals: after(column.arrivals),
      completions,
      waited: after(column.waited),
      sumWaitSec: after(column.sumWait),
      sumResponseSec: after(column.sumResponse),
      sumServiceSec: after(column.sumService),
      sumServiceSecSquared: after(column.sumServiceSquared),
      workerSeconds: paidSeconds(ledger, first),
      judged,
      missed: judged - within,
      waitBins: parts.waitTotals,
      responseBins: parts.responseTotals,
    },
  };
}

interface Pending {
  waiting: number;
  inBackoff: number;
  /** Waiting longer than the target already. */
  overdue: number;
  /** How long they have waited, together. */
  jobSeconds: number;
}

/** Counts the jobs that never started, a block at a time: a backlog of any length fits in one block. */
function drainPending(state: LoopState, tracker: JobTracker | undefined): Pending {
  const { queue, ledger, targetSec } = state;
  const horizonSec = ledger.intervals * ledger.intervalSec;
  const pending: Pending = { waiting: 0, inBackoff: 0, overdue: 0, jobSeconds: 0 };
  const count = (entrySec: number, firstArrivalSec: number) => {
    pending.waiting++;
    pending.jobSeconds += horizonSec - entrySec;
    if (horizonSec - firstArrivalSec > targetSec) pending.overdue++;
  };
  do {
    tracker?.settleAbandoned(horizonSec);
    for (; queue.head < queue.tail; queue.head++) {
      const arrivalSec = queue.arrivalSec[queue.head]!;
      if (!(queue.patienceSec.length > 0 && Number.isNaN(queue.patienceSec[queue.head]))) count(arrivalSec, arrivalSec);
    }
  } while (queue.refill());
  for (const handle of tracker?.reentries.handles() ?? []) {
    const entrySec = tracker!.reentries.notBeforeSec[handle]!;
    if (entrySec < horizonSec) count(entrySec, tracker!.reentries.firstArrivalSec[handle]!);
    else if (tracker!.reentries.sinceSec[handle]! < horizonSec) pending.inBackoff++;
  }
  return pending;
}

function finishedJobSeconds(ledger: Ledger): number {
  return (
    ledger.total(column.sumResponse) +
    ledger.get(ledger.intervals, column.sumResponse) -
    ledger.get(ledger.intervals, column.finishesOff)
  );
}

function paidSeconds(ledger: Ledger, first: number): number {
  let paid = 0;
  let seconds = 0;
  for (let i = 0; i < ledger.intervals; i++) {
    const [ordered, gone] = [ledger.get(i, column.ordered), ledger.get(i, column.gone)];
    if (i >= first) {
      seconds += (paid + ordered - gone) * ledger.intervalSec;
      seconds += ledger.get(i, column.goneOff) - ledger.get(i, column.orderedOff);
    }
    paid += ordered - gone;
  }
  return seconds;
}

function assertConserved(state: LoopState, jobs: JobAccount): void {
  const { ledger, fleet } = state;
  const { arrived, completed, dropped, abandoned, running, waiting, inBackoff } = jobs;
  const found = completed + dropped + abandoned + running + waiting + inBackoff;
  if (found !== arrived) {
    throw new Error(`jobs are not conserved: ${arrived} arrived, ${found} accounted for (${JSON.stringify(jobs)})`);
  }
  const busy = fleet.counts(ledger.intervals * ledger.intervalSec).busySlots;
  // A job that ends on the very horizon counts as running and its slot as free.
  if (busy > running) throw new Error(`${busy} slots are busy at the horizon, but only ${running} jobs run`);
}

/** L = λW, as an identity over the run: the integral of the number of jobs equals the sum of their times. */
function assertLittle(ofLevels: number, ofJobs: number): void {
  if (Math.abs(ofLevels - ofJobs) > 1e-6 * Math.max(1, ofJobs)) {
    throw new Error(`Little's law does not hold: ${ofLevels} job seconds by level, ${ofJobs} job by job`);
  }
}
