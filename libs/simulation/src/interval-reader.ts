import { column, columnCount, type Ledger, Level } from './ledger.ts';

/**
 * What a monitor would have seen of a pool in one interval. Jobs are counted in the interval in which they finish;
 * `…Mean` are averages over the interval's time, plain counts of jobs or workers are those at its end.
 */
export interface IntervalObservation {
  index: number;
  startSec: number;
  endSec: number;
  /** Jobs that arrived, retries not counted. */
  arrivals: number;
  completions: number;
  failedAttempts: number;
  /** Jobs that gave up waiting. */
  abandoned: number;
  /** Jobs lost after their last attempt. */
  dropped: number;
  /** Attempts cut short because their worker was killed or crashed. */
  killedAttempts: number;
  waiting: number;
  waitingMean: number;
  busySlots: number;
  busySlotsMean: number;
  workersReady: number;
  workersReadyMean: number;
  workersStarting: number;
  /** Ordered and not yet gone: starting, ready or draining. */
  workersPaid: number;
  /** Paid worker time, from the order to the moment a worker is gone. */
  workerSeconds: number;
  /** Busy slot time over ready slot time, 0 when there was none. */
  utilization: number;
  /** Completed jobs that had to wait. */
  waited: number;
  sumWaitSec: number;
  sumResponseSec: number;
  sumServiceSec: number;
  sumServiceSecSquared: number;
  /** Completed jobs that met the latency target. */
  withinTarget: number;
  /** Quantiles over the jobs completed; NaN when there were none. */
  waitSecP50: number;
  waitSecP95: number;
  waitSecP99: number;
  responseSecP50: number;
  responseSecP95: number;
  responseSecP99: number;
}

export const latencyLevels = [0.5, 0.95, 0.99] as const;

/** Reads the ledger interval by interval, carrying the levels along. */
export class IntervalReader {
  readonly #ledger: Ledger;
  readonly #concurrency: number;
  /** Six per interval: three wait quantiles, then three response quantiles. */
  readonly #quantiles: Float64Array;
  readonly #waiting: Level;
  readonly #busy: Level;
  readonly #paid: Level;
  readonly #ready: Level;
  next = 0;
  /** Integral of jobs waiting and running over everything read so far, job × seconds. */
  jobSeconds = 0;

  constructor(ledger: Ledger, concurrency: number, quantiles: Float64Array) {
    this.#ledger = ledger;
    this.#concurrency = concurrency;
    this.#quantiles = quantiles;
    this.#waiting = new Level(ledger, [column.arrivals, column.reentries], [column.starts, column.abandoned]);
    this.#busy = new Level(ledger, [column.starts], [column.finishes]);
    this.#paid = new Level(ledger, [column.ordered], [column.gone]);
    this.#ready = new Level(ledger, [column.ready], [column.readyGone]);
  }

  read(): IntervalObservation {
    const index = this.next++;
    const { cells, intervalSec } = this.#ledger;
    const row = index * columnCount;
    const waitingArea = this.#waiting.pass(index);
    const busyArea = this.#busy.pass(index);
    const workerSeconds = this.#paid.pass(index);
    const readyArea = this.#ready.pass(index);
    this.jobSeconds += waitingArea + busyArea;
    const slotSeconds = readyArea * this.#concurrency;
    const quantile = (place: number) => this.#quantiles[index * 6 + place]!;
    return {
      index,
      startSec: index * intervalSec,
      endSec: (index + 1) * intervalSec,
      arrivals: cells[row + column.arrivals]!,
      completions: cells[row + column.completions]!,
      failedAttempts: cells[row + column.failedAttempts]!,
      abandoned: cells[row + column.abandoned]!,
      dropped: cells[row + column.dropped]!,
      killedAttempts: cells[row + column.killedAttempts]!,
      waiting: this.#waiting.value,
      waitingMean: waitingArea / intervalSec,
      busySlots: this.#busy.value,
      busySlotsMean: busyArea / intervalSec,
      workersReady: this.#ready.value,
      workersReadyMean: readyArea / intervalSec,
      workersStarting: this.#paid.value - this.#ready.value,
      workersPaid: this.#paid.value,
      workerSeconds,
      utilization: slotSeconds > 0 ? Math.min(1, busyArea / slotSeconds) : 0,
      waited: cells[row + column.waited]!,
      sumWaitSec: cells[row + column.sumWait]!,
      sumResponseSec: cells[row + column.sumResponse]!,
      sumServiceSec: cells[row + column.sumService]!,
      sumServiceSecSquared: cells[row + column.sumServiceSquared]!,
      withinTarget: cells[row + column.within]!,
      waitSecP50: quantile(0),
      waitSecP95: quantile(1),
      waitSecP99: quantile(2),
      responseSecP50: quantile(3),
      responseSecP95: quantile(4),
      responseSecP99: quantile(5),
    };
  }
}
