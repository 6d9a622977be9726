/** One job in a month. */
const leastPerSec = 4e-7;

/** A smoothed rate never quite reaches 0, and nobody is to start a worker for what is left: less than this is nothing. */
export function rateOrNothing(ratePerSec: number): number {
  return ratePerSec < leastPerSec ? 0 : ratePerSec;
}
