import type { FastRandom } from './fast-random.ts';
import type { LeavingWorker } from './fleet.ts';
import { backoffAfterSec, type JobFaults, WorkSpeed } from './job-faults.ts';
import { binOf } from './latency-bins.ts';
import { column, columnCount } from './ledger.ts';
import { grownFloat64, grownInt32 } from './parked-jobs.ts';
import { Reentries, type Reentry } from './reentries.ts';
import type { LoopState } from './run-plain.ts';
import type { ScaleIn } from './scale-in.ts';

/** How the attempt in a slot will end if nobody cuts it short. */
const ending = { none: 0, success: 1, retry: 2, loss: 3 } as const;

/**
 * Knows which job is in which slot, so that an attempt can be cut short, and decides how attempts end. Only runs with
 * faults, killing or limited draining pay for it.
 */
export class JobTracker {
  readonly reentries = new Reentries();
  readonly faults: JobFaults;
  /** Jobs that wait or run, integrated over time job by job: the other side of Little's law. */
  jobSeconds = 0;
  readonly #state: LoopState;
  readonly #scaleIn: ScaleIn;
  readonly #random: FastRandom;
  readonly #startupSec: () => number;
  readonly #speed: WorkSpeed | undefined;
  readonly #horizonSec: number;
  #orderSec = new Float64Array(64);
  #firstArrivalSec = new Float64Array(64);
  #startSec = new Float64Array(64);
  #finishSec = new Float64Array(64);
  #serviceSec = new Float64Array(64);
  #patienceSec = new Float64Array(64);
  #attempt = new Int32Array(64);
  #ending = new Int32Array(64);
  /** The parked record of a success, or the reentry of a retry. */
  #handle = new Int32Array(64);
  #crashAtSec: number[] = [];
  #deadlines: { atSec: number; entry: LeavingWorker }[] = [];
  #nextEventSec = Number.NaN;

  constructor(
    state: LoopState,
    options: { faults: JobFaults; scaleIn: ScaleIn; random: FastRandom; startupSec: () => number },
  ) {
    this.#state = state;
    this.faults = options.faults;
    this.#scaleIn = options.scaleIn;
    this.#random = options.random;
    this.#startupSec = options.startupSec;
    this.#horizonSec = state.ledger.intervals * state.ledger.intervalSec;
    const slowdowns = options.faults.slowdowns ?? [];
    this.#speed = slowdowns.length > 0 ? new WorkSpeed(slowdowns) : undefined;
  }

  /** Puts a job into a slot and writes down how its attempt will end; returns when. */
  begin(slot: number, job: JobToStart): number {
    const { ledger, parked } = this.#state;
    if (slot >= this.#ending.length) this.#grow(slot);
    const { startSec, firstArrivalSec, attempt } = job;
    const { failure, executionTimeoutSec } = this.faults;
    let finishSec = this.#speed ? this.#speed.finishSec(startSec, job.serviceSec) : startSec + job.serviceSec;
    let failed = failure !== undefined && this.#random.uniform() < failureProbability(failure, startSec);
    if (executionTimeoutSec !== undefined && finishSec - startSec > executionTimeoutSec) {
      finishSec = startSec + executionTimeoutSec;
      failed = true;
    }
    this.#orderSec[slot] = job.orderSec;
    this.#firstArrivalSec[slot] = firstArrivalSec;
    this.#startSec[slot] = startSec;
    this.#finishSec[slot] = finishSec;
    this.#serviceSec[slot] = job.serviceSec;
    this.#patienceSec[slot] = job.patienceSec;
    this.#attempt[slot] = attempt;
    this.#handle[slot] = -1;
    this.jobSeconds += Math.min(finishSec, this.#horizonSec) - job.entrySec;
    ledger.record(column.starts, startSec);
    ledger.record(column.finishes, finishSec);
    if (!failed) {
      this.#ending[slot] = ending.success;
      this.#count(slot, 1);
      const finishedIn = ledger.intervalOf(finishSec);
      if (finishedIn === this.#state.interval) this.#bin(slot, 1);
      else if (finishedIn < ledger.intervals) {
        this.#handle[slot] = parked.park(finishedIn, startSec - firstArrivalSec, finishSec - firstArrivalSec);
      }
      return finishSec;
    }
    ledger.add(column.failedAttempts, finishSec, 1);
    const { retry } = this.faults;
    if (retry === undefined || attempt >= retry.attemptsMax) {
      this.#ending[slot] = ending.loss;
      ledger.add(column.dropped, finishSec, 1);
      return finishSec;
    }
    this.#ending[slot] = ending.retry;
    const againSec = finishSec + backoffAfterSec(retry, attempt) * (1 - retry.jitter * this.#random.uniform());
    this.#handle[slot] = this.#reenter(slot, {
      orderSec: againSec,
      sinceSec: finishSec,
      notBeforeSec: againSec,
      attempt: attempt + 1,
    });
    return finishSec;
  }

  /** A worker was ordered; draws when it will crash. */
  joined(worker: number): void {
    this.#drawCrash(worker, this.#state.fleet.readyAtSec(worker));
  }

  /** Workers were asked to leave: cuts them off, or remembers until when they may drain. */
  left(released: readonly LeavingWorker[], nowSec: number): void {
    for (const entry of released) {
      this.#crashAtSec[entry.worker] = Number.POSITIVE_INFINITY;
      const graceSec = this.#scaleIn.mode === 'kill' ? 0 : (this.#scaleIn.graceSec ?? Number.POSITIVE_INFINITY);
      if (entry.goneAtSec <= nowSec + graceSec) continue;
      if (graceSec === 0) this.#cutShort(entry, nowSec);
      else this.#deadlines.push({ atSec: nowSec + graceSec, entry });
    }
    this.#nextEventSec = Number.NaN;
  }

  /** When a worker crashes or runs out of its time to drain, next. */
  nextEventSec(): number {
    if (Number.isNaN(this.#nextEventSec)) {
      let next = Number.POSITIVE_INFINITY;
      for (const atSec of this.#crashAtSec) if (atSec < next) next = atSec;
      for (const { atSec } of this.#deadlines) if (atSec < next) next = atSec;
      this.#nextEventSec = next;
    }
    return this.#nextEventSec;
  }

  actAt(nowSec: number): void {
    if (this.nextEventSec() > nowSec) return;
    const due = this.#deadlines.filter(({ atSec }) => atSec <= nowSec);
    this.#deadlines = this.#deadlines.filter(({ atSec }) => atSec > nowSec);
    for (const { entry } of due) this.#cutShort(entry, nowSec);
    const { fleet, ledger } = this.#state;
    const delaySec = this.faults.crashes?.requeueDelaySec ?? 0;
    for (let worker = 0; worker < this.#crashAtSec.length; worker++) {
      if (this.#crashAtSec[worker]! > nowSec) continue;
      for (let place = 0; place < fleet.concurrency; place++) {
        this.#cutOff(worker * fleet.concurrency + place, nowSec, delaySec);
      }
      const readyAtSec = nowSec + this.#startupSec();
      fleet.restart(worker, nowSec, readyAtSec);
      ledger.add(column.crashes, nowSec, 1);
      this.#drawCrash(worker, readyAtSec);
    }
    this.#nextEventSec = Number.NaN;
  }

  /** Writes down every waiting job that has given up by now; the loop meets the others when their turn comes. */
  settleAbandoned(nowSec: number): void {
    if (!this.faults.patience) return;
    const { queue } = this.#state;
    const end = queue.positionAt(nowSec);
    for (let i = queue.head; i < end; i++) {
      const leaveSec = queue.arrivalSec[i]! + queue.patienceSec[i]!;
      if (leaveSec < nowSec) {
        this.abandon(queue.arrivalSec[i]!, leaveSec);
        queue.patienceSec[i] = Number.NaN;
      }
    }
    for (const handle of [...this.reentries.handles()]) {
      const entrySec = this.reentries.notBeforeSec[handle]!;
      const leaveSec = entrySec + this.reentries.patienceSec[handle]!;
      if (leaveSec < nowSec) {
        this.abandon(entrySec, leaveSec);
        this.reentries.remove(handle);
      }
    }
  }

  abandon(entrySec: number, leaveSec: number): void {
    this.#state.ledger.record(column.abandoned, leaveSec);
    this.jobSeconds += leaveSec - entrySec;
  }

  /** Jobs in the queue now, those in a pause before a retry not counted. */
  waiting(nowSec: number): { waiting: number; oldestSec: number; inBackoff: number } {
    const { queue } = this.#state;
    const end = queue.positionAt(nowSec);
    let waiting = 0;
    let oldestSec = nowSec;
    for (let i = queue.head; i < end; i++) {
      if (Number.isNaN(queue.patienceSec[i])) continue;
      waiting++;
      oldestSec = Math.min(oldestSec, queue.arrivalSec[i]!);
    }
    let inBackoff = 0;
    for (const handle of this.reentries.handles()) {
      if (this.reentries.notBeforeSec[handle]! > nowSec) {
        if (this.reentries.sinceSec[handle]! <= nowSec) inBackoff++;
      } else {
        waiting++;
        oldestSec = Math.min(oldestSec, this.reentries.orderSec(handle));
      }
    }
    return { waiting, oldestSec, inBackoff };
  }

  #cutShort(entry: LeavingWorker, nowSec: number): void {
    for (const slot of entry.busySlots) this.#cutOff(slot, nowSec, 0);
    this.#state.fleet.cutShort(entry, nowSec);
  }

  /** Ends the attempt in a slot now and puts its job back; takes back what was written about its finish. */
  #cutOff(slot: number, nowSec: number, requeueDelaySec: number): void {
    const { ledger, parked } = this.#state;
    if (slot >= this.#ending.length || this.#ending[slot] === ending.none || this.#finishSec[slot]! <= nowSec) return;
    const finishSec = this.#finishSec[slot]!;
    ledger.record(column.finishes, finishSec, -1);
    ledger.record(column.finishes, nowSec);
    ledger.add(column.killedAttempts, nowSec, 1);
    this.jobSeconds -= Math.min(finishSec, this.#horizonSec) - nowSec;
    if (this.#ending[slot] === ending.success) {
      this.#count(slot, -1);
      if (ledger.intervalOf(finishSec) === this.#state.interval) this.#bin(slot, -1);
      else if (this.#handle[slot]! >= 0) parked.cancel(this.#handle[slot]!);
    } else {
      ledger.add(column.failedAttempts, finishSec, -1);
      if (this.#ending[slot] === ending.loss) ledger.add(column.dropped, finishSec, -1);
      else {
        const handle = this.#handle[slot]!;
        ledger.record(column.reentries, this.reentries.notBeforeSec[handle]!, -1);
        this.reentries.remove(handle);
      }
    }
    this.#ending[slot] = ending.none;
    if (this.#scaleIn.mode === 'kill' && this.#scaleIn.keepsProgress) {
      const startSec = this.#startSec[slot]!;
      this.#serviceSec[slot]! *= (finishSec - nowSec) / (finishSec - startSec);
    }
    this.#reenter(slot, {
      orderSec: requeueDelaySec > 0 ? nowSec + requeueDelaySec : this.#orderSec[slot]!,
      sinceSec: nowSec,
      notBeforeSec: nowSec + requeueDelaySec,
      attempt: this.#attempt[slot]!,
    });
  }

  #reenter(slot: number, place: Pick<Reentry, 'orderSec' | 'sinceSec' | 'notBeforeSec' | 'attempt'>): number {
    this.#state.ledger.record(column.reentries, place.notBeforeSec);
    return this.reentries.add({
      ...place,
      firstArrivalSec: this.#firstArrivalSec[slot]!,
      serviceSec: this.#serviceSec[slot]!,
      patienceSec: this.#patienceSec[slot]!,
    });
  }

  #count(slot: number, times: 1 | -1): void {
    const { ledger, targetIsWait, targetSec } = this.#state;
    const { cells } = ledger;
    const row = ledger.intervalOf(this.#finishSec[slot]!) * columnCount;
    const waitSec = this.#startSec[slot]! - this.#firstArrivalSec[slot]!;
    const responseSec = this.#finishSec[slot]! - this.#firstArrivalSec[slot]!;
    const serviceSec = this.#finishSec[slot]! - this.#startSec[slot]!;
    cells[row + column.completions]! += times;
    cells[row + column.sumWait]! += times * waitSec;
    cells[row + column.sumResponse]! += times * responseSec;
    cells[row + column.sumService]! += times * serviceSec;
    cells[row + column.sumServiceSquared]! += times * serviceSec * serviceSec;
    if ((targetIsWait ? waitSec : responseSec) <= targetSec) cells[row + column.within]! += times;
  }

  #bin(slot: number, times: 1 | -1): void {
    const { waitBins, responseBins } = this.#state;
    waitBins[binOf(this.#startSec[slot]! - this.#firstArrivalSec[slot]!)]! += times;
    responseBins[binOf(this.#finishSec[slot]! - this.#firstArrivalSec[slot]!)]! += times;
  }

  #drawCrash(worker: number, readyAtSec: number): void {
    const { crashes } = this.faults;
    while (this.#crashAtSec.length <= worker) this.#crashAtSec.push(Number.POSITIVE_INFINITY);
    this.#crashAtSec[worker] = crashes
      ? readyAtSec + crashes.meanTimeBetweenSec * this.#random.exponential()
      : Number.POSITIVE_INFINITY;
    this.#nextEventSec = Number.NaN;
  }

  #grow(slot: number): void {
    const size = Math.max(this.#ending.length * 2, slot + 1);
    this.#orderSec = grownFloat64(this.#orderSec, size);
    this.#firstArrivalSec = grownFloat64(this.#firstArrivalSec, size);
    this.#startSec = grownFloat64(this.#startSec, size);
    this.#finishSec = grownFloat64(this.#finishSec, size);
    this.#serviceSec = grownFloat64(this.#serviceSec, size);
    this.#patienceSec = grownFloat64(this.#patienceSec, size);
    this.#attempt = grownInt32(this.#attempt, size);
    this.#ending = grownInt32(this.#ending, size);
    this.#handle = grownInt32(this.#handle, size);
  }
}

/** A job whose turn has come. */
export interface JobToStart {
  startSec: number;
  /** When it entered the queue for this attempt. */
  entrySec: number;
  orderSec: number;
  firstArrivalSec: number;
  serviceSec: number;
  patienceSec: number;
  attempt: number;
}

function failureProbability(failure: NonNullable<JobFaults['failure']>, atSec: number): number {
  for (const stretch of failure.stretches ?? []) {
    if (stretch.startSec <= atSec && atSec < stretch.endSec) return stretch.probability;
  }
  return failure.probability;
}
