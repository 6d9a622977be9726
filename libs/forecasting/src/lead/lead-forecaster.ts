import { createRandomStream } from '@capplan/random';
import { ceilingOf, countingError, learnPeak } from './bounds.ts';
import { createErrorRing, storeErrors } from './error-ring.ts';
import { boundedWeight, featureCount, fillFeatures, priorVariances, priorWeights, smooth } from './features.ts';
import type { LeadForecasterConfig, LeadState, Smoothed } from './lead-state.ts';
import { createRegression, type LearningRules, learn, predict, type Regression, usualError } from './regression.ts';
import { addToRing, binSec, binsPerDay, createSeasonalRing, ringAt } from './seasonal-ring.ts';
import { createWeekShape, learnWeek, usualAt } from './week-shape.ts';

const leadsMax = 5;
const recentOrigins = 240;
const thinnedOrigins = 2016;
/** Memory of the regressions, seconds: an observation this old weighs 1/e. */
const memorySec = 5 * 86_400;

export function createLeadForecaster(config: LeadForecasterConfig): LeadState {
  const baseStepSec = config.baseStepSec ?? 60;
  if (!(baseStepSec > 0)) throw new RangeError(`baseStepSec is ${baseStepSec}, must be above 0`);
  if (!(config.leadSec > 0)) throw new RangeError(`leadSec is ${config.leadSec}, must be above 0`);
  const leads = leadGrid(Math.max(1, Math.ceil(config.leadSec / baseStepSec)));
  const longest = leads[leads.length - 1] as number;
  const unknown = (): Smoothed => ({ newest: Number.NaN, fast: Number.NaN, slow: Number.NaN });
  const slots = longest + 1;
  return {
    baseStepSec,
    leads,
    openStep: -1,
    openJobs: 0,
    openSec: 0,
    seenSteps: 0,
    peak: 0,
    measured: Number.NaN,
    now: unknown(),
    day: unknown(),
    week: unknown(),
    usual: unknown(),
    ring: createSeasonalRing(),
    weekShape: createWeekShape(),
    models: leads.map(() => createRegression(priorWeights, priorVariances)),
    surprise: 0,
    lift: 0,
    surgeSec: 0,
    pendingLevel: new Float64Array(slots),
    pendingForecast: new Float64Array(slots * leads.length).fill(Number.NaN),
    pendingFeatures: new Float32Array(slots * leads.length * featureCount),
    pendingError: new Float64Array(slots * leads.length).fill(Number.NaN),
    recent: createErrorRing(recentOrigins, leads.length, 1),
    thinned: createErrorRing(thinnedOrigins, leads.length, 5),
  };
}

/** Every lead while there are few of them, else ever sparser ones: far leads differ little from their neighbours. */
function leadGrid(longest: number): number[] {
  if (longest <= leadsMax) return Array.from({ length: longest }, (_, i) => i + 1);
  const leads = Array.from({ length: leadsMax }, (_, i) => Math.round(longest ** (i / (leadsMax - 1))));
  return [...new Set(leads)];
}

/**
 * Takes in one measurement. Intervals shorter than the base step are gathered; longer ones are spread with the noise
 * that counts of single steps have, which their mean hides: a forecaster that never saw it would trust every wiggle.
 * `null` and everything not covered by a measurement is unknown, never zero.
 *
 * @param observation.timeMs end of the interval
 */
export function observeLead(
  state: LeadState,
  observation: { timeMs: number; arrivalRatePerSec: number | null; intervalSec: number },
): void {
  const { timeMs, arrivalRatePerSec: rate, intervalSec } = observation;
  const stepMs = state.baseStepSec * 1000;
  const endMs = timeMs;
  let fromMs = endMs - intervalSec * 1000;
  if (state.openStep < 0) openAt(state, Math.floor(fromMs / stepMs));
  // A very long interval or a jump ahead: only what the pending forecasts and the ring still reach is walked through.
  const oldest = Math.floor(endMs / stepMs) - 8 * 1440;
  if (state.openStep < oldest) openAt(state, oldest);
  fromMs = Math.max(fromMs, state.openStep * stepMs);
  while (state.openStep * stepMs + stepMs <= fromMs) closeStep(state);
  while (fromMs < endMs) {
    const untilMs = Math.min(endMs, (state.openStep + 1) * stepMs);
    const sec = (untilMs - fromMs) / 1000;
    if (rate !== null && Number.isFinite(rate) && rate >= 0) {
      state.openJobs += intervalSec > state.baseStepSec ? countedJobs(rate * sec, state.openStep) : rate * sec;
      state.openSec += sec;
    }
    fromMs = untilMs;
    if (untilMs === (state.openStep + 1) * stepMs) closeStep(state);
  }
}

/** What a count may show where `jobs` are expected; the same step always gets the same chance. */
function countedJobs(jobs: number, step: number): number {
  return Math.max(0, jobs + Math.sqrt(jobs) * createRandomStream(step).normal());
}

function openAt(state: LeadState, step: number): void {
  state.openStep = step;
  state.openJobs = 0;
  state.openSec = 0;
}

/** How long a surge is taken to go on after the last surprise, seconds. */
const surgeLastsSec = 420;
/** How fast a lift fades, seconds. */
const liftSec = 120;
/** Errors beyond this many mean absolute errors are a surprise: about the 99 % quantile of a normal error. */
const surpriseAfter = 4;

function closeStep(state: LeadState): void {
  const { baseStepSec, openStep: step } = state;
  // Half a step seen is enough to speak for the whole; less is unknown.
  const value = state.openSec >= baseStepSec / 2 ? Math.sqrt(state.openJobs / state.openSec) : Number.NaN;
  learnFrom(state, step, value);
  const bin = Math.floor((step * baseStepSec) / binSec);
  smooth(state.day, ringAt(state.ring, bin - binsPerDay), baseStepSec);
  smooth(state.week, ringAt(state.ring, bin - 7 * binsPerDay), baseStepSec);
  smooth(state.usual, usualAt(state.weekShape, bin), baseStepSec);
  openAt(state, step + 1);
  if (!Number.isNaN(value)) {
    // One step is not certain: beyond all that was seen before it counts in full once a second one confirms it.
    const believed = Math.min(value, ceilingOf(state));
    smooth(state.now, believed, baseStepSec);
    const { newestBin } = state.ring;
    if (bin !== newestBin) learnWeek(state.weekShape, newestBin, ringAt(state.ring, newestBin));
    addToRing(state.ring, bin, believed);
    learnPeak(state, believed);
    state.measured = value;
    state.seenSteps += 1;
  }
  makePending(state, step, Number.isNaN(value));
}

/** Every forecast made for this step meets its truth; an origin whose longest lead has come is filed away. */
function learnFrom(state: LeadState, step: number, value: number): void {
  const { leads } = state;
  const longest = leads[leads.length - 1] as number;
  const slots = longest + 1;
  const rules: LearningRules = {
    forgetting: Math.exp(-state.baseStepSec / memorySec),
    scaleMin: countingError(state.baseStepSec),
    varianceMax: priorVariances,
    bounded: boundedWeight,
  };
  state.surprise = 0;
  state.surgeSec = Math.max(0, state.surgeSec - state.baseStepSec);
  state.lift *= Math.exp(-state.baseStepSec / liftSec);
  for (let l = 0; l < leads.length; l++) {
    const slot = mod(step - (leads[l] as number), slots);
    const at = slot * leads.length + l;
    const forecast = state.pendingForecast[at] as number;
    const error = value - forecast;
    state.pendingError[at] = error;
    if (Number.isNaN(error)) continue;
    const model = state.models[l] as Regression;
    if (l === 0 && model.updates > 30) {
      const usual = usualError(model, rules.scaleMin);
      const above = value - highestForecast(state, step);
      const beyond = Math.max(above, -error) - surpriseAfter * usual;
      if (beyond > 0) state.surprise = Math.sign(error) * Math.min(beyond, errorLimit(state, slot, usual));
      if (beyond > 0 && above > 0) {
        state.lift = Math.max(state.lift, above);
        state.surgeSec = surgeLastsSec;
      }
      // A surge that falls short of its forecast, or of its own last step, is over by as much.
      const short = Math.max(-error, state.measured - value);
      if (short > 0) state.lift = Math.max(0, state.lift - short);
    }
    learn(model, state.pendingFeatures, at * featureCount, value - (state.pendingLevel[slot] as number), rules);
  }
  const origin = step - longest;
  const slot = mod(origin, slots);
  const from = slot * leads.length;
  for (let l = 0; l < leads.length; l++) if (Number.isNaN(state.pendingError[from + l] as number)) return;
  const level = state.pendingLevel[slot] as number;
  for (let l = 0; l < leads.length; l++) {
    const limit = errorLimit(state, slot, usualError(state.models[l] as Regression, rules.scaleMin));
    const error = state.pendingError[from + l] as number;
    state.pendingError[from + l] = Math.max(-limit, Math.min(limit, error));
  }
  storeErrors(state.recent, { step: origin, level }, state.pendingError, from);
  storeErrors(state.thinned, { step: origin, level }, state.pendingError, from);
}

const ordinaryErrors = 6;

/**
 * Errors beyond this are remembered as this: as large as the root of demand itself, which is four times the demand, as
 * what brings demand to its peak, or a few usual errors. A larger one was a fault or is unlike anything to come.
 */
function errorLimit(state: LeadState, slot: number, usual: number): number {
  const level = state.pendingLevel[slot] as number;
  return Math.max(level, state.peak - level, ordinaryErrors * usual);
}

function makePending(state: LeadState, step: number, unknown: boolean): void {
  const { leads } = state;
  const slot = mod(step, (leads[leads.length - 1] as number) + 1);
  const level = state.now.fast;
  state.pendingLevel[slot] = level;
  for (let l = 0; l < leads.length; l++) {
    const at = slot * leads.length + l;
    state.pendingError[at] = Number.NaN;
    if (unknown || Number.isNaN(level)) {
      state.pendingForecast[at] = Number.NaN;
      continue;
    }
    fillFeatures(state, leads[l] as number, state.pendingFeatures, at * featureCount);
    const model = state.models[l] as Regression;
    const forecast = level + predict(model, state.pendingFeatures, at * featureCount);
    state.pendingForecast[at] = Math.min(ceilingOf(state), Math.max(0, forecast));
  }
}

/** Looks are many, so a surprise before the step is over must be a larger one: about 5 standard deviations. */
const openingSurpriseAfter = 6;
/** Least part of a step that may speak before the step is over, seconds. */
const openingSecMin = 10;

/**
 * How far the step that is still open lies above its forecast, square root of demand; 0 unless that is a surprise even
 * for so short a look, whose chance is larger by the square root of what is missing of the step.
 */
export function openingSurprise(state: LeadState): number {
  const { openStep, openSec, openJobs, leads, baseStepSec } = state;
  const model = state.models[0] as Regression;
  if (openSec < Math.min(openingSecMin, baseStepSec) || leads[0] !== 1 || model.updates <= 30) return 0;
  const error = Math.sqrt(openJobs / openSec) - highestForecast(state, openStep);
  const usual = usualError(model, countingError(baseStepSec));
  return error > openingSurpriseAfter * usual * Math.sqrt(baseStepSec / openSec) ? error : 0;
}

/** The highest of all forecasts that were made for a step: a rise that one of them saw coming is no surprise. */
function highestForecast({ leads, pendingForecast }: LeadState, step: number): number {
  const slots = (leads[leads.length - 1] as number) + 1;
  let highest = Number.NaN;
  for (let l = 0; l < leads.length; l++) {
    const forecast = pendingForecast[mod(step - (leads[l] as number), slots) * leads.length + l] as number;
    if (!(forecast <= highest)) highest = Number.isNaN(forecast) ? highest : forecast;
  }
  return highest;
}

export function mod(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}
