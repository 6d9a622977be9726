import type { RandomStream } from '@capplan/random';
import { FastRandom } from './fast-random.ts';
import { Fleet } from './fleet.ts';
import { type IntervalObservation, IntervalReader, latencyLevels } from './interval-reader.ts';
import type { JobFaults } from './job-faults.ts';
import { type ArrivalSource, JobQueue, type ServiceSource } from './job-queue.ts';
import { JobTracker } from './job-tracker.ts';
import { binCount, binOf, takeBins } from './latency-bins.ts';
import { column, Ledger } from './ledger.ts';
import { ParkedJobs } from './parked-jobs.ts';
import { type PoolRun, summarizeRun } from './pool-run.ts';
import { type LoopState, runPlain } from './run-plain.ts';
import { runTracked } from './run-tracked.ts';
import type { ScaleIn } from './scale-in.ts';

export interface PoolSimulationOptions {
  /** Chance for everything but arrivals and services, which bring their own. */
  random: RandomStream;
  /** Seconds to simulate; rounded up to whole intervals. */
  horizonSec: number;
  /** Length of an interval of the timeline and of an observation. */
  intervalSec: number;
  arrivals: ArrivalSource;
  services: ServiceSource;
  /** Workers that are ready at the start. */
  workers: number;
  /** Jobs that one worker runs at a time. */
  concurrency: number;
  /** Order to first job of a new worker: seconds, or drawn for each worker. */
  startup: number | ServiceSource;
  scaleIn?: ScaleIn | undefined;
  objective?: { latencyOf: 'wait' | 'response'; targetSec: number } | undefined;
  /** Whole intervals at the start that the run's summary leaves out. */
  warmupSec?: number | undefined;
  faults?: JobFaults | undefined;
}

/** A pool at one instant. */
export interface PoolState {
  nowSec: number;
  waiting: number;
  busySlots: number;
  workersReady: number;
  workersStarting: number;
  workersDraining: number;
  /** How long the oldest waiting job has waited; 0 when none waits. */
  oldestWaitSec: number;
}

/** What a call of `setWorkers` did. */
export interface ScalingOutcome {
  ordered: number;
  /** Workers that were still starting and will never be ready. */
  cancelled: number;
  /** Idle workers that left at once. */
  idleGone: number;
  /** Busy workers that drain or were killed. */
  busyLeaving: number;
}

/**
 * One pool, simulated job by job: one queue, first come first served, workers with several slots that come after a
 * start-up delay and leave by draining or by being killed.
 *
 * Drive it in steps (`advanceTo`, `observe`, `setWorkers`, …) to close a control loop over it, or set changes in
 * advance with `setWorkers` between calls of `advanceTo` and read everything with `finish`. A step never looks ahead
 * of the time it was asked for. Everything is drawn from seeded streams: the same options give the same run.
 *
 * Little's law and the conservation of jobs are checked at the end of every run; a violation throws.
 *
 * @example
 * const pool = new PoolSimulation({ random, horizonSec: 3600, intervalSec: 15, arrivals, services,
 *   workers: 10, concurrency: 1, startup: 30 });
 * while (pool.nowSec < pool.horizonSec) {
 *   pool.advanceTo(pool.nowSec + 15);
 *   const [seen] = pool.observe();
 *   pool.setWorkers(decide(seen));
 * }
 * const run = pool.finish();
 */
export class PoolSimulation {
  readonly horizonSec: number;
  readonly intervalSec: number;
  readonly #startup: number | ServiceSource;
  readonly #startupDraw = new Float64Array(1);
  readonly #warmupIntervals: number;
  readonly #state: LoopState;
  readonly #tracker: JobTracker | undefined;
  readonly #reader: IntervalReader;
  readonly #quantiles: Float64Array;
  readonly #waitTotals = new Uint32Array(binCount);
  readonly #responseTotals = new Uint32Array(binCount);
  #nowSec = 0;
  #finished = false;

  constructor(options: PoolSimulationOptions) {
    const intervals = checkedIntervals(options);
    this.intervalSec = options.intervalSec;
    this.horizonSec = intervals * options.intervalSec;
    this.#startup = options.startup;
    this.#warmupIntervals = Math.ceil((options.warmupSec ?? 0) / options.intervalSec - 1e-9);
    const ledger = new Ledger(intervals, options.intervalSec);
    const fleet = new Fleet(options.concurrency, ledger);
    const parked = new ParkedJobs(intervals);
    const queue = new JobQueue({
      ledger,
      horizonSec: this.horizonSec,
      arrivals: options.arrivals,
      services: options.services,
      patience: options.faults?.patience,
    });
    this.#state = {
      ledger,
      queue,
      fleet,
      parked,
      waitBins: new Uint32Array(binCount),
      responseBins: new Uint32Array(binCount),
      interval: 0,
      targetIsWait: options.objective?.latencyOf === 'wait',
      targetSec: options.objective?.targetSec ?? Number.POSITIVE_INFINITY,
    };
    this.#quantiles = new Float64Array(intervals * 6).fill(Number.NaN);
    this.#reader = new IntervalReader(ledger, options.concurrency, this.#quantiles);
    if (options.faults !== undefined || needsTracking(options.scaleIn)) {
      this.#tracker = new JobTracker(this.#state, {
        faults: options.faults ?? {},
        scaleIn: options.scaleIn ?? { mode: 'drain' },
        random: new FastRandom(options.random.fork('faults')),
        startupSec: () => this.#drawStartupSec(),
      });
    }
    for (let i = 0; i < options.workers; i++) {
      const worker = fleet.order(0, 0);
      this.#tracker?.joined(worker);
    }
  }

  get nowSec(): number {
    return this.#nowSec;
  }

  /** Workers ordered and not asked to leave: what `setWorkers` sets. */
  get workers(): number {
    return this.#state.fleet.live;
  }

  /** Simulates everything before `timeSec`; times beyond the horizon end at the horizon. */
  advanceTo(timeSec: number): void {
    const goal = Math.min(timeSec, this.horizonSec);
    if (!(timeSec >= this.#nowSec)) throw new RangeError(`cannot go back from ${this.#nowSec} s to ${timeSec} s`);
    while (this.#nowSec < goal) {
      const intervalEnd = (this.#state.interval + 1) * this.intervalSec;
      const step = Math.min(goal, intervalEnd, this.#tracker?.nextEventSec() ?? Number.POSITIVE_INFINITY);
      if (this.#tracker) runTracked(this.#state, this.#tracker, step);
      else runPlain(this.#state, step);
      this.#nowSec = step;
      this.#tracker?.actAt(step);
      if (step >= intervalEnd) this.#closeInterval();
    }
    this.#state.fleet.sweep(this.#nowSec);
  }

  /**
   * Asks for this many workers from now on. New ones take jobs after the start-up delay; on a decrease the ones that
   * are still starting are cancelled first (the latest first), then idle ones leave, then those with the fewest jobs.
   */
  setWorkers(count: number): ScalingOutcome {
    if (!Number.isInteger(count) || count < 0)
      throw new RangeError(`workers must be a whole number, at least 0: ${count}`);
    const { fleet } = this.#state;
    const outcome: ScalingOutcome = { ordered: 0, cancelled: 0, idleGone: 0, busyLeaving: 0 };
    while (fleet.live < count) {
      const worker = fleet.order(this.#nowSec, this.#nowSec + this.#drawStartupSec());
      this.#tracker?.joined(worker);
      outcome.ordered++;
    }
    if (fleet.live > count) {
      const leaving = fleet.byReadinessToLeave(this.#nowSec).slice(0, fleet.live - count);
      for (const { starting, busySlots } of leaving) {
        if (starting) outcome.cancelled++;
        else if (busySlots === 0) outcome.idleGone++;
        else outcome.busyLeaving++;
      }
      const released = fleet.release(
        leaving.map(({ worker }) => worker),
        this.#nowSec,
      );
      this.#tracker?.left(released, this.#nowSec);
      fleet.sweep(this.#nowSec);
    }
    return outcome;
  }

  /** The pool now. Costs a look at every slot, and generates the jobs that have arrived by now. */
  state(): PoolState {
    const { queue, fleet } = this.#state;
    queue.generateUntil(this.#nowSec);
    this.#tracker?.settleAbandoned(this.#nowSec);
    const { waiting, oldestSec } = this.#tracker?.waiting(this.#nowSec) ?? this.#plainWaiting();
    const counts = fleet.counts(this.#nowSec);
    return {
      nowSec: this.#nowSec,
      waiting,
      busySlots: counts.busySlots,
      workersReady: counts.ready,
      workersStarting: counts.starting,
      workersDraining: counts.draining,
      oldestWaitSec: waiting > 0 ? this.#nowSec - oldestSec : 0,
    };
  }

  /** The intervals that have ended since the last call, oldest first. */
  observe(): IntervalObservation[] {
    this.#state.queue.generateUntil(this.#nowSec);
    this.#tracker?.settleAbandoned(this.#nowSec);
    const seen: IntervalObservation[] = [];
    while (this.#reader.next < this.#state.interval) seen.push(this.#reader.read());
    return seen;
  }

  /**
   * For each interval, how many of the jobs that arrived in it met the latency target. Complete for intervals whose
   * jobs have all started; undefined when jobs can fail, give up or be cut off, which are counted by their end only.
   */
  arrivedWithinTarget(): Float64Array | undefined {
    if (this.#tracker) return undefined;
    const { ledger } = this.#state;
    return Float64Array.from({ length: ledger.intervals }, (_, i) => ledger.get(i, column.arrivedWithin));
  }

  /** Simulates what is left and sums the run up. Intervals already observed are not repeated in `intervals`. */
  finish(): PoolRun {
    if (this.#finished) throw new Error('a run can be finished once');
    this.#finished = true;
    this.advanceTo(this.horizonSec);
    return summarizeRun({
      state: this.#state,
      tracker: this.#tracker,
      reader: this.#reader,
      warmupIntervals: this.#warmupIntervals,
      waitTotals: this.#waitTotals,
      responseTotals: this.#responseTotals,
    });
  }

  #plainWaiting(): { waiting: number; oldestSec: number } {
    const { queue } = this.#state;
    return { waiting: queue.positionAt(this.#nowSec) - queue.head, oldestSec: queue.arrivalSec[queue.head] ?? 0 };
  }

  #drawStartupSec(): number {
    if (typeof this.#startup === 'number') return this.#startup;
    this.#startup.fill(this.#startupDraw, 0, 1);
    return this.#startupDraw[0]!;
  }

  #closeInterval(): void {
    const state = this.#state;
    const { waitBins, responseBins, interval, ledger } = state;
    const total = ledger.get(interval, column.completions);
    if (total > 0) {
      ledger.add(column.waited, interval * this.intervalSec, total - waitBins[0]!);
      const counted = interval >= this.#warmupIntervals;
      const into = { expected: total, levels: latencyLevels, out: this.#quantiles };
      const waits = takeBins(waitBins, {
        ...into,
        at: interval * 6,
        totals: counted ? this.#waitTotals : undefined,
      });
      const responses = takeBins(responseBins, {
        ...into,
        at: interval * 6 + 3,
        totals: counted ? this.#responseTotals : undefined,
      });
      if (waits !== total || responses !== total) {
        throw new Error(
          `interval ${interval}: ${total} jobs finished, but ${waits} waits and ${responses} responses were seen`,
        );
      }
    }
    state.interval++;
    if (state.interval >= ledger.intervals) return;
    state.parked.release(state.interval, (waitSec, responseSec) => {
      waitBins[binOf(waitSec)]!++;
      responseBins[binOf(responseSec)]!++;
    });
  }
}

function needsTracking(scaleIn: ScaleIn | undefined): boolean {
  return scaleIn !== undefined && (scaleIn.mode === 'kill' || scaleIn.graceSec !== undefined);
}

function checkedIntervals(options: PoolSimulationOptions): number {
  const { horizonSec, intervalSec, workers, concurrency } = options;
  if (!(horizonSec > 0 && Number.isFinite(horizonSec)))
    throw new RangeError(`horizonSec must be above 0: ${horizonSec}`);
  if (!(intervalSec > 0 && Number.isFinite(intervalSec)))
    throw new RangeError(`intervalSec must be above 0: ${intervalSec}`);
  if (!Number.isInteger(workers) || workers < 0) throw new RangeError(`workers must be a whole number: ${workers}`);
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number, at least 1: ${concurrency}`);
  }
  const intervals = Math.ceil(horizonSec / intervalSec - 1e-9);
  if (intervals > 1_000_000) throw new RangeError(`${intervals} intervals are too many: raise intervalSec`);
  return intervals;
}
