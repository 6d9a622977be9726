/** How fast a reactive autoscaler lets its count move; the defaults of Kubernetes' HPA. */
export interface ScalingBehaviour {
  minWorkers: number;
  maxWorkers: number;
  /** Seconds over which the highest recommendation holds back a scale-in; default 300. */
  downWindowSec?: number;
  /** Largest growth in one period: this share of the count … default 1 (100 %). */
  upShare?: number;
  /** … or this many workers, whichever is more; default 4. */
  upWorkers?: number;
  /** Seconds of one such period; default 15. */
  upPeriodSec?: number;
}

/**
 * The stabilisation and rate limits that stand between a recommendation and the replica count.
 *
 * Scale-in goes to the highest recommendation of the last `downWindowSec`; scale-out is at once, and at most
 * max(100 %, 4 workers) above the count of one period ago. Scale-in has no rate limit of its own (100 % per 15 s).
 *
 * @see Kubernetes documentation, Horizontal Pod Autoscaling, "Configurable scaling behavior", default behaviour
 */
export function createScalingBehaviour(behaviour: ScalingBehaviour) {
  const { minWorkers, maxWorkers, downWindowSec = 300, upShare = 1, upWorkers = 4, upPeriodSec = 15 } = behaviour;
  const recommended: { atSec: number; workers: number }[] = [];
  const ordered: { atSec: number; workers: number }[] = [];
  let hasLooked = false;

  return {
    /** The count to order, given what the rule recommends and what is ordered now. */
    settle({ atSec, current, recommendation }: { atSec: number; current: number; recommendation: number }): number {
      // The count that a controller finds is its first recommendation: it does not scale in on its first look.
      if (!hasLooked) recommended.push({ atSec, workers: current });
      hasLooked = true;
      forget(recommended, atSec - downWindowSec);
      recommended.push({ atSec, workers: recommendation });
      const highest = recommended.reduce((most, entry) => Math.max(most, entry.workers), recommendation);
      const stabilised = recommendation >= current ? recommendation : Math.min(current, highest);

      forget(ordered, atSec - upPeriodSec);
      const periodStart = ordered.reduce((least, entry) => Math.min(least, entry.workers), current);
      const ceiling = Math.max(Math.ceil(periodStart * (1 + upShare)), periodStart + upWorkers);
      const limited = Math.min(stabilised, Math.max(current, ceiling));
      const next = Math.min(maxWorkers, Math.max(minWorkers, limited));
      ordered.push({ atSec, workers: current });
      return next;
    },
  };
}

function forget(entries: { atSec: number }[], beforeSec: number): void {
  while (entries.length > 0 && (entries[0] as { atSec: number }).atSec <= beforeSec) entries.shift();
}
