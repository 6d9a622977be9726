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
  const intervalStart = interval * intervalSec;
  const intervalEnd = (interval + 1) * intervalSec;
  // Every counter costs a register: what follows from others is worked out at the end.
  let starts = 0;
  let startsOff = 0;
  let late = 0;
  let lateStartsOff = 0;
  let sumWait = 0;
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

      const met = +((targetIsWait ? wait : response) <= targetSec);
      if (arrival >= cohortEnd) {
        cells[cohortRow + col.arrivedWithin]! += cohortWithin;
        const cohort = Math.floor(arrival / intervalSec);
        cohortRow = cohort * width;
        cohortEnd = (cohort + 1) * intervalSec;
        cohortWithin = 0;
      }
      cohortWithin += met;
      if (finish < intervalEnd) {
        sumWait += wait;
        sumService += service;
        sumServiceSquared += service * service;
        within += met;
        let bin = 0;
        if (wait > 0) {
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
        late++;
        lateStartsOff += start - intervalStart;
        const finishedIn = ledger.intervalOf(finish);
        const row = finishedIn * width;
        cells[row + col.finishes]!++;
        cells[row + col.finishesOff]! += finish - finishedIn * intervalSec;
        cells[row + col.completions]!++;
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
        // Which child is smaller cannot be predicted: arithmetic instead of a branch.
        child += +(keys[child + 1]! < keys[child]!);
        const smaller = keys[child]!;
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
  cells[row + col.finishes]! += starts - late;
  cells[row + col.finishesOff]! += startsOff - lateStartsOff + sumService;
  cells[row + col.completions]! += starts - late;
  cells[row + col.sumWait]! += sumWait;
  cells[row + col.sumResponse]! += sumWait + sumService;
  cells[row + col.sumService]! += sumService;
  cells[row + col.sumServiceSquared]! += sumServiceSquared;
  cells[row + col.within]! += within;
}
