/** Columns of the ledger; `…Off` sums how far into its interval each counted instant lay, in seconds. */
export const column = {
  finishes: 0,
  finishesOff: 1,
  completions: 2,
  /** Completed jobs that had to wait; written when the interval is closed. */
  waited: 3,
  sumWait: 4,
  sumResponse: 5,
  sumService: 6,
  sumServiceSquared: 7,
  within: 8,
  starts: 9,
  startsOff: 10,
  arrivals: 11,
  arrivalsOff: 12,
  reentries: 13,
  reentriesOff: 14,
  abandoned: 15,
  abandonedOff: 16,
  failedAttempts: 17,
  dropped: 18,
  killedAttempts: 19,
  ordered: 20,
  orderedOff: 21,
  gone: 22,
  goneOff: 23,
  ready: 24,
  readyOff: 25,
  readyGone: 26,
  readyGoneOff: 27,
  crashes: 29,
  /** Of the jobs that arrived in the interval, those that met the latency target, whenever they finished. */
  arrivedWithin: 30,
} as const;

export const columnCount = 32;

/** One way in or out of a level (waiting jobs, busy slots, workers): a count column and its offset column, one apart. */
type Flow = number;

/**
 * What happened in each interval, as counts and as offsets inside the interval. From those, every level (waiting,
 * busy slots, workers) follows exactly, both at the interval's end and integrated over it, whatever the order in which
 * the events were written. That is what lets the engine write a job's finish when it starts the job.
 *
 * One row follows the last interval and collects whatever lies beyond the horizon.
 */
export class Ledger {
  readonly intervals: number;
  readonly intervalSec: number;
  readonly cells: Float64Array;

  constructor(intervals: number, intervalSec: number) {
    this.intervals = intervals;
    this.intervalSec = intervalSec;
    this.cells = new Float64Array((intervals + 1) * columnCount);
  }

  /** The interval that holds an instant, judged by the very products that the engine stops at. */
  intervalOf(timeSec: number): number {
    let index = Math.floor(timeSec / this.intervalSec);
    if (index >= this.intervals) return this.intervals;
    if ((index + 1) * this.intervalSec <= timeSec) index++;
    else if (index * this.intervalSec > timeSec) index--;
    return index < this.intervals ? index : this.intervals;
  }

  get(interval: number, field: number): number {
    return this.cells[interval * columnCount + field]!;
  }

  /** Counts one event of a flow at a time, or takes it back with `times: -1`. */
  record(flow: Flow, timeSec: number, times = 1): void {
    const interval = this.intervalOf(timeSec);
    const cell = interval * columnCount + flow;
    this.cells[cell]! += times;
    this.cells[cell + 1]! += times * (timeSec - interval * this.intervalSec);
  }

  add(field: number, timeSec: number, amount: number): void {
    this.cells[this.intervalOf(timeSec) * columnCount + field]! += amount;
  }

  /** Sum of a column over the intervals before the horizon, from `first` on. */
  total(field: number, first = 0): number {
    let sum = 0;
    for (let i = first; i < this.intervals; i++) sum += this.cells[i * columnCount + field]!;
    return sum;
  }
}

/** A level carried from interval to interval, fed by flows in and out. */
export class Level {
  readonly #ledger: Ledger;
  readonly #flowsIn: readonly Flow[];
  readonly #flowsOut: readonly Flow[];
  value = 0;

  constructor(ledger: Ledger, flowsIn: readonly Flow[], flowsOut: readonly Flow[]) {
    this.#ledger = ledger;
    this.#flowsIn = flowsIn;
    this.#flowsOut = flowsOut;
  }

  /** Moves over one interval; returns the level's integral over it in level × seconds. */
  pass(interval: number): number {
    const { cells, intervalSec } = this.#ledger;
    const row = interval * columnCount;
    let area = this.value * intervalSec;
    for (const flow of this.#flowsIn) {
      const count = cells[row + flow]!;
      this.value += count;
      area += count * intervalSec - cells[row + flow + 1]!;
    }
    for (const flow of this.#flowsOut) {
      const count = cells[row + flow]!;
      this.value -= count;
      area -= count * intervalSec - cells[row + flow + 1]!;
    }
    // Offsets are rounded sums: an empty level must read as empty.
    return this.value === 0 && area < 1e-9 ? Math.max(0, area) : area;
  }
}
