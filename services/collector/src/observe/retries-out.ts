import type { Suspect } from './observation.ts';

/** What the window's balance of flow becomes once the jobs that wait for another try are thought of. */
export interface RetriesOut {
  /** Jobs that arrived: the balance, or what was expected where retries hide the arrivals. May be negative. */
  jobs: number;
  /** Jobs that wait for another try out of sight, by this account. */
  outJobs: number;
  /** Windows in a row in which retries hid arrivals. */
  windows: number;
  suspects: Suspect[];
}

/** Fewer retries than this share of all attempts hide no demand worth speaking of. */
const RETRIED_SHARE_MIN = 0.2;
/** What falls short of the expected by less than this share, or by less than three standard deviations, is ordinary. */
const SHORTFALL_MIN = 0.25;
/** A demand that stays hidden for longer is the new demand, seconds. */
const HIDDEN_SEC_MAX = 1800;

/**
 * Do failed jobs wait for their next try where nobody sees them?
 *
 * A queue's delayed jobs are no part of its depth, and no worker runs them: to the balance of flow they have never
 * arrived. So a dependency that is down makes demand look like zero, and like a multiple of itself when it is back. Where
 * many attempts are retried and arrivals fall short of the expected by what the retries can explain, the expected stands,
 * and the snapshot is suspect. The jobs are kept in mind, and taken off when more than the expected comes back.
 *
 * @param balance.jobs what the balance of flow says arrived in this window; may be negative
 * @param balance.expectedJobs what a window usually brings, or was reported; null when nothing is known
 */
export function judgeRetries(
  balance: { jobs: number; expectedJobs: number | null; isReported: boolean; retried: number; attempts: number },
  before: { outJobs: number; windows: number },
  settings: { intervalSec: number; serviceHalfLifeSec: number },
): RetriesOut {
  const { jobs, expectedJobs, isReported, retried, attempts } = balance;
  if (expectedJobs === null) return { jobs, outJobs: 0, windows: 0, suspects: [] };
  const ordinary = Math.max(SHORTFALL_MIN * expectedJobs, 3 * Math.sqrt(expectedJobs));
  const shortfall = expectedJobs - jobs;
  const hides = retried >= RETRIED_SHARE_MIN * attempts && retried >= shortfall / 2 && shortfall > ordinary;
  const suspectWith = (detail: string): Suspect[] =>
    isReported ? [] : [{ source: 'retries', reason: 'missing', detail: detail.slice(0, 512) }];
  if (hides && before.windows < HIDDEN_SEC_MAX / settings.intervalSec) {
    return {
      jobs: expectedJobs,
      outJobs: before.outJobs + Math.min(shortfall, retried),
      windows: before.windows + 1,
      suspects: suspectWith(
        `${Math.round(retried)} of ${Math.round(attempts)} attempts are to be tried again, and wait neither in the queue nor with a worker`,
      ),
    };
  }
  // When retries are over, what has not come back was lost with nobody to report it, and is forgotten.
  const isOver = retried < RETRIED_SHARE_MIN * attempts;
  const outJobs = before.outJobs * (isOver ? 0.5 ** (settings.intervalSec / settings.serviceHalfLifeSec) : 1);
  // An ordinary excess is as likely to be new.
  const back = -shortfall > ordinary ? Math.min(outJobs, -shortfall) : 0;
  return {
    jobs: jobs - back,
    outJobs: outJobs - back,
    windows: hides ? before.windows + 1 : 0,
    suspects: back > 0 ? suspectWith(`about ${Math.round(back)} jobs come back for another try, and are not new`) : [],
  };
}
