import { replaceInHeap } from './fleet.ts';
import type { JobToStart, JobTracker } from './job-tracker.ts';
import type { LoopState } from './run-plain.ts';

/**
 * The same turns as `runPlain`, for jobs that can fail, come back, give up or lose their worker.
 *
 * Jobs are taken in the order of their place in the line. A retry is known when its attempt starts, which is before
 * any job that arrives after it can be taken, so looking at the next arrival and the next return is enough.
 */
export function runTracked(state: LoopState, tracker: JobTracker, endSec: number): void {
  const { queue, fleet } = state;
  const { reentries } = tracker;
  const job: JobToStart = {
    startSec: 0,
    entrySec: 0,
    orderSec: 0,
    firstArrivalSec: 0,
    serviceSec: 0,
    patienceSec: Number.POSITIVE_INFINITY,
    attempt: 1,
  };
  const canGiveUp = tracker.faults.patience !== undefined;
  for (;;) {
    if (queue.head === queue.tail) queue.refill();
    const arrivalSec = queue.head < queue.tail ? queue.arrivalSec[queue.head]! : Number.POSITIVE_INFINITY;
    const returning = reentries.first;
    const isReturn = returning >= 0 && reentries.orderSec(returning) <= arrivalSec;
    if (isReturn) {
      job.entrySec = reentries.notBeforeSec[returning]!;
      job.orderSec = reentries.orderSec(returning);
      job.firstArrivalSec = reentries.firstArrivalSec[returning]!;
      job.serviceSec = reentries.serviceSec[returning]!;
      job.patienceSec = reentries.patienceSec[returning]!;
      job.attempt = reentries.attempt[returning]!;
    } else {
      job.entrySec = arrivalSec;
      job.orderSec = arrivalSec;
      job.firstArrivalSec = arrivalSec;
      job.serviceSec = queue.serviceSec[queue.head]!;
      job.patienceSec = canGiveUp ? queue.patienceSec[queue.head]! : Number.POSITIVE_INFINITY;
      job.attempt = 1;
    }
    if (job.entrySec >= endSec) return;
    const gaveUpBefore = Number.isNaN(job.patienceSec);
    const leaveSec = job.entrySec + job.patienceSec;
    job.startSec = Math.max(job.entrySec, fleet.keys[1]!);
    const givesUp = job.startSec > leaveSec && leaveSec < endSec;
    if (!gaveUpBefore && !givesUp && job.startSec >= endSec) return;

    if (isReturn) reentries.removeFirst();
    else queue.head++;
    if (gaveUpBefore) continue;
    if (givesUp) {
      tracker.abandon(job.entrySec, leaveSec);
      continue;
    }
    const slot = fleet.slots[1]!;
    replaceInHeap(fleet.keys, fleet.slots, fleet.size, 1, tracker.begin(slot, job), slot);
  }
}
