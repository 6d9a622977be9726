/** One pool's claim on a budget that several share. */
export interface BudgetClaim {
  pool: string;
  /** What the pool must have whatever happens, money per hour: its minimum workers. */
  minimumPerHour: number;
  /** What it would spend if money were no object, money per hour. */
  wantedPerHour: number;
  /** How much it counts against the others; default 1. */
  weight?: number;
}

/**
 * Divides one budget fairly: max-min fairness with weights.
 *
 * Every pool first gets its minimum - scaled down together when even those are too much. What is left goes to all in
 * proportion to their weights until each has what it wants; what one does not use goes to the rest. Nobody can get
 * more by asking for more. The order of the claims does not matter.
 *
 * Source: Bertsekas & Gallager, Data Networks, 2nd ed., section 6.5.2 (max-min fair allocation).
 *
 * @param budgetPerHour money per hour, ≥ 0
 * @returns money per hour by pool; the sum never exceeds the budget
 * @example shareBudget(10, [{ pool: 'a/x', minimumPerHour: 1, wantedPerHour: 3 }, { pool: 'a/y', minimumPerHour: 1, wantedPerHour: 20 }])
 * // a/x 3, a/y 7
 */
export function shareBudget(budgetPerHour: number, claims: readonly BudgetClaim[]): Map<string, number> {
  if (!(budgetPerHour >= 0)) throw new RangeError(`budgetPerHour is ${budgetPerHour}, must be at least 0`);
  const sorted = [...claims].sort((a, b) => (a.pool < b.pool ? -1 : 1));
  const shares = new Map<string, number>();
  const minimums = sorted.reduce((sum, claim) => sum + claim.minimumPerHour, 0);
  if (minimums >= budgetPerHour) {
    const scale = minimums > 0 ? budgetPerHour / minimums : 0;
    for (const claim of sorted) shares.set(claim.pool, claim.minimumPerHour * scale);
    return shares;
  }
  // The level up to which all are filled, per unit of weight, found among the points where one pool has enough.
  const weightOf = (claim: BudgetClaim): number => Math.max(1e-9, claim.weight ?? 1);
  const wantOf = (claim: BudgetClaim): number => Math.max(claim.minimumPerHour, claim.wantedPerHour);
  const filledTo = (level: number, claim: BudgetClaim): number =>
    Math.min(wantOf(claim), Math.max(claim.minimumPerHour, level * weightOf(claim)));
  const total = (level: number): number => sorted.reduce((sum, claim) => sum + filledTo(level, claim), 0);
  let low = 0;
  let high = Math.max(0, ...sorted.map((claim) => wantOf(claim) / weightOf(claim)));
  if (total(high) > budgetPerHour) {
    for (let i = 0; i < 100; i++) {
      const middle = (low + high) / 2;
      if (total(middle) > budgetPerHour) high = middle;
      else low = middle;
    }
  } else low = high;
  for (const claim of sorted) shares.set(claim.pool, filledTo(low, claim));
  return shares;
}
