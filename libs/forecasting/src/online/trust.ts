export type TrustState = 'learning' | 'trusted' | 'demoted';

/** Whether the planner may lean on the forecast, and why. Earned by evidence, lost by errors, with hysteresis. */
export interface Trust {
  state: TrustState;
  reason: string;
  /** Steps for which the evidence for leaving the state has lasted. */
  streak: number;
}

export interface TrustEvidence {
  /** Days with known demand, ever. */
  learnedDays: number;
  /** Forecasts of one hour ahead whose outcome is known, in days' worth of steps. */
  judgedDays: number;
  /** Newest errors relative to the better of holding and copying. */
  relativeError: number;
  /** Share of newest outcomes inside 95 % intervals. */
  coverage: number;
  levelShift: boolean;
  stepsPerHour: number;
}

const learnedDaysMin = 3;
const judgedDaysMin = 1;
const earn = { relativeErrorMax: 1.05, coverageMin: 0.85, hours: 6 };
const lose = { relativeErrorMin: 1.3, coverageMax: 0.65, hours: 6 };
const regainHours = 24;

export const untrained: Trust = { state: 'learning', reason: 'no demand seen yet', streak: 0 };

/** The next trust after one more step of evidence. */
export function nextTrust(trust: Trust, evidence: TrustEvidence): Trust {
  const { relativeError, coverage, stepsPerHour, levelShift } = evidence;
  const figures = `errors ${relativeError.toFixed(2)} of the naive ones, ${(100 * coverage).toFixed(0)} % inside the intervals`;
  if (trust.state === 'trusted') {
    if (levelShift && relativeError > 1)
      return { state: 'demoted', reason: `the level of demand has shifted: ${figures}`, streak: 0 };
    const bad = relativeError > lose.relativeErrorMin || coverage < lose.coverageMax;
    const streak = bad ? trust.streak + 1 : 0;
    if (streak < lose.hours * stepsPerHour) return { state: 'trusted', reason: figures, streak };
    return { state: 'demoted', reason: `for ${lose.hours} hours ${figures}`, streak: 0 };
  }
  if (evidence.learnedDays < learnedDaysMin || evidence.judgedDays < judgedDaysMin) {
    const reason = `${evidence.learnedDays.toFixed(1)} of ${learnedDaysMin} days seen, ${evidence.judgedDays.toFixed(1)} of ${judgedDaysMin} days of forecasts judged`;
    return { state: trust.state, reason, streak: 0 };
  }
  const good = relativeError <= earn.relativeErrorMax && coverage >= earn.coverageMin;
  const streak = good ? trust.streak + 1 : 0;
  const hours = trust.state === 'demoted' ? regainHours : earn.hours;
  if (streak >= hours * stepsPerHour) return { state: 'trusted', reason: figures, streak: 0 };
  const wait = good ? `good for ${(streak / stepsPerHour).toFixed(1)} of ${hours} hours` : 'not good enough yet';
  return { state: trust.state, reason: `${wait}: ${figures}`, streak };
}
