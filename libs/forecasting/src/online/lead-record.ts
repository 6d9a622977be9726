/** What became of the forecasts of one lead: their errors, and how wide intervals must be to hold what they promise. */
export interface LeadRecord {
  leadSteps: number;
  /** Forecast rates, lower and upper bounds still waiting for their outcome, at `step % leadSteps`; NaN where none. */
  pending: Float32Array;
  pendingLower: Float32Array;
  pendingUpper: Float32Array;
  /** Exponentially weighted sums over outcomes: slow ones for reports, fast ones for trust. */
  slow: ErrorSums;
  fast: ErrorSums;
  /** Natural logarithm of the factor by which intervals are widened. */
  logWidth: number;
  outcomes: number;
}

export interface ErrorSums {
  weight: number;
  error: number;
  /** Error of holding the newest value, and of copying last week (or yesterday in the first week). */
  holdError: number;
  copyError: number;
  demand: number;
  covered: number;
}

const slowHalfLifeDays = 7;
const fastHalfLifeDays = 0.5;
/** Step of the width after an interval missed; after one that held it shrinks by 1/19 of that. */
const widthStep = 0.03;
const promised = 0.95;
const logWidthRange = [-0.5, 1.2] as const;

export function createLeadRecord(leadSteps: number): LeadRecord {
  const empty = (): Float32Array => new Float32Array(leadSteps).fill(Number.NaN);
  return {
    leadSteps,
    pending: empty(),
    pendingLower: empty(),
    pendingUpper: empty(),
    slow: noErrors(),
    fast: noErrors(),
    logWidth: 0,
    outcomes: 0,
  };
}

function noErrors(): ErrorSums {
  return { weight: 0, error: 0, holdError: 0, copyError: 0, demand: 0, covered: 0 };
}

/**
 * Enters what really came. The width follows adaptive conformal inference: wider after a miss, a little narrower after
 * each hit, so that in the long run the promised share is held whatever the demand does.
 *
 * @see Gibbs & Candès, Adaptive conformal inference under distribution shift, NeurIPS 2021
 */
export function enterOutcome(
  record: LeadRecord,
  outcome: { step: number; actual: number; held: number; copied: number; stepsPerDay: number },
): void {
  const slot = outcome.step % record.leadSteps;
  const forecast = record.pending[slot] as number;
  if (Number.isNaN(forecast) || Number.isNaN(outcome.actual)) return;
  const covered =
    outcome.actual >= (record.pendingLower[slot] as number) && outcome.actual <= (record.pendingUpper[slot] as number);
  record.outcomes++;
  const moved = record.logWidth + widthStep * (covered ? -(1 - promised) / promised : 1);
  record.logWidth = Math.min(logWidthRange[1], Math.max(logWidthRange[0], moved));
  for (const [sums, halfLifeDays] of [
    [record.slow, slowHalfLifeDays],
    [record.fast, fastHalfLifeDays],
  ] as const) {
    const keep = 0.5 ** (1 / (halfLifeDays * outcome.stepsPerDay));
    const add = (before: number, value: number): number => keep * before + (Number.isNaN(value) ? 0 : value);
    sums.weight = add(sums.weight, 1);
    sums.error = add(sums.error, Math.abs(outcome.actual - forecast));
    sums.holdError = add(sums.holdError, Math.abs(outcome.actual - outcome.held));
    sums.copyError = add(sums.copyError, Math.abs(outcome.actual - outcome.copied));
    sums.demand = add(sums.demand, outcome.actual);
    sums.covered = add(sums.covered, covered ? 1 : 0);
  }
}

/** Error relative to the better of holding and copying; 1 when there is nothing to compare, below 1 is skill. */
export function relativeError({ error, holdError, copyError }: ErrorSums): number {
  const yardstick = Math.min(holdError, copyError > 0 ? copyError : holdError);
  return yardstick > 0 ? error / yardstick : error > 0 ? Infinity : 1;
}
