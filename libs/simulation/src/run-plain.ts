import type { Fleet } from './fleet.ts';
import type { JobQueue } from './job-queue.ts';
import { binCount, binOffset, highWord } from './latency-bins.ts';
import { column, columnCount, type Ledger } from './ledger.ts';
import type { ParkedJobs } from './parked-jobs.ts';

/** What both loops work on. */
export interface LoopState {
  readonly ledger: Ledger;
  readonly queue: JobQueue;
  readonly fleet: Fleet;
  readonly parked: ParkedJobs;
  /** Latencies of the jobs that finish in the current interval. */
  readonly waitBins: Uint32Array;
  readonly responseBins: Uint32Array;
  /** The interval being simulated. */
  interval: number;
  readonly targetIsWait: boolean;
  readonly targetSec: number;
}

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

/**
 * Starts every job whose turn comes before `endSec`, first come first served, where jobs neither fail nor give up and
 * nothing is killed.
 *
 * The recursion is Kiefer and Wolfowitz's (1955) in its heap form: a job starts when it has arrived and the slot that
 * is free first is free; its finish is then known and written down at once, in the interval it will fall in.
 *
 * @param endSec at most the end of the current interval
 */
export function runPlain(state: LoopState, endSec: number): void {
  const { ledger, queue, fleet, parked, waitBins, responseBins, interval, targetIsWait, targetSec } = state;
  const { cells, intervals, intervalSec } = ledger;
  const { keys, slots, size } = fleet;
  // Imported names are looked up at every use by some module loaders: the loop gets its own.
  const firstBin = binOffset;
  const lastBin = binCount - 1;
  const high = highWord;
  const col = column;
  const width = columnCount;
  const perInterval = 1 / intervalSec;
  const intervalStart = interval * intervalSec;
  let starts = 0;
  let startsOff = 0;
  let finishes = 0;
  let finishesOff = 0;
  let waited = 0;
  let sumWait = 0;
  let sumResponse = 0;
  let sumService = 0;
  let sumServiceSquared = 0;
  let within = 0;
  // Jobs start in the order of their arrival, so the interval they arrived in only moves on.
  let cohortRow = 0;
  let cohortEnd = 0;
  let cohortWithin = 0;

  turns: for (;;) {
    if (queue.head === queue.tail && !queue.refill()) break;
    const { arrivalSec, serviceSec, tail } = queue;
    let head = queue.head;
    for (; head < tail; head++) {
      const arrival = arrivalSec[head]!;
      const free = keys[1]!;
      const start = free > arrival ? free : arrival;
      if (start >= endSec) {
        queue.head = head;
        break turns;
      }
      const service = serviceSec[head]!;
      const finish = start + service;
      const wait = start - arrival;
      const response = finish - arrival;
      starts++;
      startsOff += start - intervalStart;

      const inIntervals = finish * perInterval;
      let finishedIn = inIntervals < intervals ? inIntervals | 0 : intervals;
      // Rounding must not write into an interval that has been read already.
      if (finishedIn < interval) finishedIn = interval;
      const met = (targetIsWait ? wait : response) <= targetSec ? 1 : 0;
      if (arrival >= cohortEnd) {
        cells[cohortRow + col.arrivedWithin]! += cohortWithin;
        const cohort = Math.floor(arrival / intervalSec);
        cohortRow = cohort * width;
        cohortEnd = (cohort + 1) * intervalSec;
        cohortWithin = 0;
      }
      cohortWithin += met;
      if (finishedIn === interval) {
        finishes++;
        finishesOff += finish - intervalStart;
        sumWait += wait;
        sumResponse += response;
        sumService += service;
        sumServiceSquared += service * service;
        within += met;
        let bin = 0;
        if (wait > 0) {
          waited++;
          bits[0] = wait;
          bin = (words[high]! >>> 12) - firstBin;
          bin = bin < 1 ? 1 : bin > lastBin ? lastBin : bin;
        }
        waitBins[bin]!++;
        bits[0] = response;
        bin = (words[high]! >>> 12) - firstBin;
        bin = bin < 1 ? 1 : bin > lastBin ? lastBin : bin;
        responseBins[bin]!++;
      } else {
        const row = finishedIn * width;
        cells[row + col.finishes]!++;
        cells[row + col.finishesOff]! += finish - finishedIn * intervalSec;
        cells[row + col.completions]!++;
        cells[row + col.waited]! += wait > 0 ? 1 : 0;
        cells[row + col.sumWait]! += wait;
        cells[row + col.sumResponse]! += response;
        cells[row + col.sumService]! += service;
        cells[row + col.sumServiceSquared]! += service * service;
        cells[row + col.within]! += met;
        if (finishedIn < intervals) parked.park(finishedIn, wait, response);
      }

      const slot = slots[1]!;
      let at = 1;
      let child = 2;
      while (child < size) {
        let smaller = keys[child]!;
        const right = keys[child + 1]!;
        if (right < smaller) {
          smaller = right;
          child++;
        }
        if (finish <= smaller) break;
        keys[at] = smaller;
        slots[at] = slots[child]!;
        at = child;
        child = at << 1;
      }
      if (child === size && keys[child]! < finish) {
        keys[at] = keys[child]!;
        slots[at] = slots[child]!;
        at = child;
      }
      keys[at] = finish;
      slots[at] = slot;
    }
    queue.head = head;
  }

  cells[cohortRow + col.arrivedWithin]! += cohortWithin;
  const row = interval * width;
  cells[row + col.starts]! += starts;
  cells[row + col.startsOff]! += startsOff;
  cells[row + col.finishes]! += finishes;
  cells[row + col.finishesOff]! += finishesOff;
  cells[row + col.completions]! += finishes;
  cells[row + col.waited]! += waited;
  cells[row + col.sumWait]! += sumWait;
  cells[row + col.sumResponse]! += sumResponse;
  cells[row + col.sumService]! += sumService;
  cells[row + col.sumServiceSquared]! += sumServiceSquared;
  cells[row + col.within]! += within;
}
