export type AnomalyKind = 'spike' | 'drop' | 'flat_line' | 'level_shift';

/** Something that does not look like this pool, for a person to read. Scores of 1 and more are worth a look. */
export interface Anomaly {
  kind: AnomalyKind;
  score: number;
  reason: string;
}

/** What is remembered between steps to tell the odd from the ordinary. */
export interface AnomalyWatch {
  /** Mean absolute one-step error in the root domain, outliers clipped. */
  spread: number;
  /** Newest value and for how many steps it has not moved. */
  newest: number;
  flatSteps: number;
  /** Of that run, minus the logarithm of its chance by what was expected in each of its steps. */
  flatUnlikelihood?: number;
  /** Running share of steps that repeat the one before. */
  repeatShare: number;
  /** Mean absolute size of the slow deviation, and for how many steps it has been far out on one side. */
  slowSpread: number;
  shiftedSteps: number;
  steps: number;
}

export interface StepEvidence {
  actualPerSec: number;
  /** What was forecast one step before; NaN while there is no forecast. */
  expectedPerSec: number;
  /** Average deviation from level and week shape over about eight hours, root domain, scaled like `scale`. */
  slowDeviation: number;
  scale: number;
  stepsPerHour: number;
}

/** Mean absolute error that counting jobs alone makes, root domain: no usual error is smaller, however still it was. */
function countingError({ scale, stepsPerHour }: StepEvidence): number {
  return (0.4 * scale) / Math.sqrt(3600 / stepsPerHour);
}

/** Multiples of the usual error beyond which a single step is odd; 8 is about 6 standard deviations. */
const surpriseRatio = 8;
const shiftRatio = 5;
const shiftHours = 4;
/** A run of equal values is odd when chance would make one like it less than once in so many steps. */
const flatOdds = 1e6;
const flatTaughtAtOnce = 2;
/** After so long a run is no news any more but what the pool does, or nobody would ever hear the end of it. */
const flatHoursMax = 48;
const settlingHours = 24;
const firstWeekHours = 24 * 7;
/** A week is usual only after it has been seen twice. */
const usualWeekHours = 24 * 14;

export function createAnomalyWatch(): AnomalyWatch {
  return {
    spread: 0,
    newest: Number.NaN,
    flatSteps: 0,
    flatUnlikelihood: 0,
    repeatShare: 0.1,
    slowSpread: 0,
    shiftedSteps: 0,
    steps: 0,
  };
}

/** Takes in one closed step and says what is odd about it, the most lasting first, or null. */
export function watchStep(watch: AnomalyWatch, evidence: StepEvidence): Anomaly | null {
  const { actualPerSec, expectedPerSec, stepsPerHour } = evidence;
  if (Number.isNaN(actualPerSec)) return null;
  const settled = watch.steps >= settlingHours * stepsPerHour;
  const surprise = (Math.sqrt(actualPerSec) - Math.sqrt(expectedPerSec)) * evidence.scale;
  const jump = settled ? jumpAnomaly(watch, evidence, surprise) : null;
  const flat = watchFlatLine(watch, evidence, settled);
  const shift = watchLevel(watch, evidence);
  if (!Number.isNaN(surprise)) {
    const size = Math.min(Math.abs(surprise), watch.steps > stepsPerHour ? 5 * usualError(watch, evidence) : Infinity);
    watch.spread += (size - watch.spread) / Math.min(24 * 7 * stepsPerHour, watch.steps + 1);
  }
  watch.newest = actualPerSec;
  watch.steps++;
  return shift ?? jump ?? flat;
}

function usualError(watch: AnomalyWatch, evidence: StepEvidence): number {
  return Math.max(watch.spread, countingError(evidence));
}

function jumpAnomaly(watch: AnomalyWatch, evidence: StepEvidence, surprise: number): Anomaly | null {
  const { actualPerSec, expectedPerSec } = evidence;
  const score = Math.abs(surprise) / (surpriseRatio * usualError(watch, evidence));
  if (!(score >= 1)) return null;
  const kind = surprise > 0 ? 'spike' : 'drop';
  // The first weekend or holiday of a new pool is no drop, only news.
  if (kind === 'drop' && watch.steps < firstWeekHours * evidence.stepsPerHour) return null;
  const reason = `${shown(actualPerSec)}/s where ${shown(expectedPerSec)}/s was expected, ${(score * surpriseRatio).toFixed(0)} times the usual error`;
  return { kind, score, reason };
}

function watchFlatLine(
  watch: AnomalyWatch,
  { actualPerSec, expectedPerSec, stepsPerHour }: StepEvidence,
  settled: boolean,
): Anomaly | null {
  const repeats = actualPerSec === watch.newest;
  const memory = Math.min(24 * 14 * stepsPerHour, watch.steps + 10);
  // A long run must not teach that runs are ordinary before it has been reported: what it teaches waits for its end.
  const waiting = repeats ? 0 : Math.max(0, watch.flatSteps - flatTaughtAtOnce);
  watch.repeatShare += (1 - watch.repeatShare) * (1 - (1 - 1 / memory) ** waiting);
  watch.flatSteps = repeats ? watch.flatSteps + 1 : 0;
  if (watch.flatSteps <= flatTaughtAtOnce) watch.repeatShare += ((repeats ? 1 : 0) - watch.repeatShare) / memory;
  // Where few jobs are expected, none at all is ordinary: the Poisson chance of an empty step.
  const empty = actualPerSec === 0 && expectedPerSec >= 0 ? Math.exp((-expectedPerSec * 3600) / stepsPerHour) : 0;
  const share = Math.max(Math.min(0.99, Math.max(0.01, watch.repeatShare)), empty);
  const unlikelihood = -Math.log(share);
  watch.flatUnlikelihood = repeats ? (watch.flatUnlikelihood ?? 0) + unlikelihood : 0;
  const score = Math.min(watch.flatSteps * unlikelihood, watch.flatUnlikelihood) / Math.log(flatOdds);
  const news = watch.flatSteps >= 3 && watch.flatSteps < flatHoursMax * stepsPerHour;
  if (!settled || !news || score < 1) return null;
  const reason = `exactly ${shown(actualPerSec)}/s for ${watch.flatSteps + 1} steps; usually ${(100 * share).toFixed(0)} % of steps repeat the one before`;
  return { kind: 'flat_line', score, reason };
}

function watchLevel(watch: AnomalyWatch, evidence: StepEvidence): Anomaly | null {
  const { slowDeviation, stepsPerHour } = evidence;
  if (Number.isNaN(slowDeviation)) return null;
  const size = Math.abs(slowDeviation);
  const common = Math.max(watch.slowSpread, countingError(evidence));
  const ratio = size / common;
  const far = watch.steps >= usualWeekHours * stepsPerHour && ratio >= shiftRatio;
  watch.shiftedSteps = far ? watch.shiftedSteps + 1 : 0;
  const memory = Math.min(24 * 14 * stepsPerHour, watch.steps + 1);
  watch.slowSpread += (Math.min(size, watch.steps > stepsPerHour ? 3 * common : size) - watch.slowSpread) / memory;
  if (watch.shiftedSteps < shiftHours * stepsPerHour) return null;
  const direction = slowDeviation > 0 ? 'above' : 'below';
  const reason = `for ${(watch.shiftedSteps / stepsPerHour).toFixed(0)} hours ${direction} its usual week by ${ratio.toFixed(1)} times what is common`;
  return { kind: 'level_shift', score: ratio / shiftRatio, reason };
}

function shown(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
