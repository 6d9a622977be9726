import { leastWhole } from './least-whole.ts';
import { requireNumber } from './require-number.ts';
import { logGamma } from './special-functions.ts';

/**
 * Fewest workers of which enough are up, often enough, when each fails by itself now and then.
 *
 * Workers fail independently; one is up in a share `workerUp` of the time, mean time between failures / (that + mean time
 * to repair). Failures of a whole zone or release are not independent, and no number of workers answers them.
 *
 * @param query.workersUp how many must be up, whole, ≥ 0
 * @param query.workerUp in (0, 1]
 * @param query.target share of the time, in (0, 1)
 * @returns undefined when more than `workersMax` would be needed
 * @example availabilityWorkers({ workersUp: 10, workerUp: 0.99, target: 0.999 }) // 12
 */
export function availabilityWorkers(query: {
  workersUp: number;
  workerUp: number;
  target: number;
  workersMax?: number;
}): number | undefined {
  const { workersUp, workerUp, target, workersMax = 1e6 } = query;
  requireNumber('workersUp', workersUp, { min: 0, max: 1e9, whole: true });
  requireNumber('workerUp', workerUp, { above: 0, max: 1 });
  requireNumber('target', target, { above: 0, max: 1 - 1e-12 });
  if (workersUp === 0 || workerUp === 1) return workersUp;
  const guess = workersUp / workerUp;
  const spread = Math.sqrt(guess * (1 - workerUp)) + 1;
  return leastWhole((n) => shareOfTimeUp(n, workersUp, workerUp) >= target, {
    from: workersUp,
    upTo: Math.max(workersMax, workersUp),
    guess: guess + 2 * spread,
    step: spread,
  });
}

/** P(at least k of n are up): a binomial tail, summed from the side that is shorter. */
function shareOfTimeUp(n: number, k: number, up: number): number {
  const odds = up / (1 - up);
  const logMass =
    logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(up) + (n - k) * Math.log1p(-up);
  const mass = Math.exp(logMass);
  let term = 1;
  if (k > n * up) {
    let sum = 1;
    for (let i = k; i < n && term > 1e-17 * sum; i++) {
      term *= ((n - i) / (i + 1)) * odds;
      sum += term;
    }
    return Math.min(1, mass * sum);
  }
  let below = 0;
  for (let i = k; i > 0 && term > 1e-17 * below; i--) {
    term *= i / (n - i + 1) / odds;
    below += term;
  }
  return Math.max(0, 1 - mass * below);
}
