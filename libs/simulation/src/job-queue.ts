import { column, columnCount, type Ledger } from './ledger.ts';
import { grownFloat64 } from './parked-jobs.ts';

/** Where jobs come from: arrival times in ascending order, seconds since the start of the run. */
export interface ArrivalSource {
  /** Writes the next arrival times into `out[from..to)`; returns where it stopped, less than `to` when there are no more. */
  fill(out: Float64Array, from: number, to: number): number;
}

/** How long jobs hold a slot. */
export interface ServiceSource {
  readonly meanSec: number;
  /** Squared coefficient of variation, variance over squared mean. */
  readonly scv: number;
  /** Writes service times in seconds into `out[from..to)`. */
  fill(out: Float64Array, from: number, to: number): void;
}

const blockSize = 1024;

/**
 * The jobs that have been generated and not yet started, oldest first, with the service time that each will need.
 * A job takes its service time with it from birth, so the same seed gives the same jobs whatever the capacity does
 * (common random numbers).
 *
 * Jobs are generated when the engine needs them, a block at a time: an unobserved run holds one block, however long
 * the backlog.
 */
export class JobQueue {
  arrivalSec = new Float64Array(blockSize);
  serviceSec = new Float64Array(blockSize);
  /** How long each job is willing to wait; only filled where jobs can give up. NaN: has given up already. */
  patienceSec = new Float64Array(0);
  head = 0;
  tail = 0;
  exhausted = false;
  readonly #ledger: Ledger;
  readonly #horizonSec: number;
  readonly #arrivals: ArrivalSource;
  readonly #services: ServiceSource;
  readonly #patience: ServiceSource | undefined;
  /** The last arrival so far; in an array, because a number in a field would be boxed anew at every job. */
  readonly #lastSec = new Float64Array(1);

  constructor(parts: {
    ledger: Ledger;
    horizonSec: number;
    arrivals: ArrivalSource;
    services: ServiceSource;
    patience?: ServiceSource | undefined;
  }) {
    this.#ledger = parts.ledger;
    this.#horizonSec = parts.horizonSec;
    this.#arrivals = parts.arrivals;
    this.#services = parts.services;
    this.#patience = parts.patience;
    if (parts.patience) this.patienceSec = new Float64Array(blockSize);
  }

  /** Generates one more block; false when no job arrives before the horizon any more. */
  refill(): boolean {
    if (this.exhausted) return false;
    this.#makeRoom();
    const from = this.tail;
    let to = this.#arrivals.fill(this.arrivalSec, from, from + blockSize);
    if (to < from + blockSize) this.exhausted = true;
    this.#services.fill(this.serviceSec, from, from + blockSize);
    this.#patience?.fill(this.patienceSec, from, from + blockSize);
    if (to > from && this.arrivalSec[to - 1]! >= this.#horizonSec) {
      this.exhausted = true;
      while (to > from && this.arrivalSec[to - 1]! >= this.#horizonSec) to--;
    }
    this.#enter(from, to);
    this.tail = to;
    return to > from;
  }

  /** Generates every job that arrives before a time. */
  generateUntil(timeSec: number): void {
    while (!this.exhausted && (this.tail === this.head || this.arrivalSec[this.tail - 1]! < timeSec)) this.refill();
  }

  /** First position in the queue whose job arrives at or after a time. */
  positionAt(timeSec: number): number {
    let low = this.head;
    let high = this.tail;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.arrivalSec[middle]! < timeSec) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #enter(from: number, to: number): void {
    const { cells, intervalSec, intervals } = this.#ledger;
    const arrivals = this.arrivalSec;
    let previous = this.#lastSec[0]!;
    let i = from;
    while (i < to) {
      const first = arrivals[i]!;
      if (!(first >= previous)) {
        throw new RangeError(`arrival times must be ascending and at least 0: ${first} came after ${previous}`);
      }
      const interval = Math.min(Math.floor(first / intervalSec), intervals);
      const start = interval * intervalSec;
      const end = (interval + 1) * intervalSec;
      let count = 0;
      let offset = 0;
      // The first one belongs here even where rounding puts it on the edge: every pass has to move on.
      let arrival = first;
      for (;;) {
        previous = arrival;
        count++;
        offset += arrival - start;
        // Never read past the end: a number that might be undefined would be boxed at every job.
        if (++i >= to) break;
        arrival = arrivals[i]!;
        if (arrival >= end || !(arrival >= previous)) break;
      }
      const row = interval * columnCount;
      cells[row + column.arrivals]! += count;
      cells[row + column.arrivalsOff]! += offset;
    }
    this.#lastSec[0] = previous;
  }

  #makeRoom(): void {
    if (this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
    } else if (this.head > 0 && this.tail + blockSize > this.arrivalSec.length && this.head >= this.tail - this.head) {
      this.arrivalSec.copyWithin(0, this.head, this.tail);
      this.serviceSec.copyWithin(0, this.head, this.tail);
      if (this.#patience) this.patienceSec.copyWithin(0, this.head, this.tail);
      this.tail -= this.head;
      this.head = 0;
    }
    if (this.tail + blockSize > this.arrivalSec.length) {
      const size = Math.max(this.arrivalSec.length * 2, this.tail + blockSize);
      this.arrivalSec = grownFloat64(this.arrivalSec, size);
      this.serviceSec = grownFloat64(this.serviceSec, size);
      if (this.#patience) this.patienceSec = grownFloat64(this.patienceSec, size);
    }
  }
}
