import { eventMultiplierAt } from '../demand-series.ts';
import { quantilePath } from '../error-bands.ts';
import { ladderModel, priorLadder } from '../regression/shape-regression.ts';
import { createAnomalyWatch, watchStep } from './anomaly.ts';
import { createLeadRecord, enterOutcome, relativeError } from './lead-record.ts';
import { columnsOf, forgetColumns } from './pool-columns.ts';
import { bandsOrGuess, widthOf } from './pool-intervals.ts';
import {
  type DemandObservation,
  type PoolForecasterConfig,
  type PoolForecasterState,
  stepsDropped,
  stepsKept,
} from './pool-state.ts';
import { nextTrust, untrained } from './trust.ts';

/** Of a step at least this share must be measured for its rate to count as known. */
const knownShareMin = 0.3;
const dayAverage = 2;

/**
 * Starts the forecaster of one pool, which learns from one observation at a time.
 *
 * @example
 * const state = createPoolForecaster({ stepSec: 900 });
 * updatePoolForecaster(state, { startMs, durationSec: 15, ratePerSec: 12.5 });
 * forecastPool(state, { horizonSec: 86_400, levels: [0.95] });
 */
export function createPoolForecaster(config: PoolForecasterConfig = {}): PoolForecasterState {
  const { stepSec = 900, timeZone = 'UTC', events = [], holidays = [] } = config;
  if (!(Number.isInteger(stepSec) && stepSec >= 300 && stepSec <= 3600 && 86_400 % stepSec === 0)) {
    throw new RangeError(`stepSec is ${stepSec}; it must be a whole part of a day, 300 to 3600`);
  }
  const stepsPerDay = 86_400 / stepSec;
  return {
    stepSec,
    timeZone,
    events: [...events],
    holidays: [...holidays],
    firstStep: 0,
    count: 0,
    rates: new Float32Array(stepsKept + stepsDropped),
    open: { step: -1, weighted: 0, knownMs: 0 },
    scale: 1,
    learned: 0,
    fit: null,
    records: [1, stepsPerDay / 24, stepsPerDay].filter((lead, i, all) => all.indexOf(lead) === i).map(createLeadRecord),
    anomalyWatch: createAnomalyWatch(),
    anomaly: null,
    trust: untrained,
  };
}

/**
 * Takes in one observation, in constant time; `state` is changed in place and returned.
 *
 * Observations come in order of time and may leave gaps, which stay unknown. What begins before the step that is open
 * is too late to count and is left out. A negative or endless rate counts as unknown.
 */
export function updatePoolForecaster(state: PoolForecasterState, observation: DemandObservation): PoolForecasterState {
  const { startMs, durationSec } = observation;
  const stepMs = state.stepSec * 1000;
  const rate = observation.ratePerSec >= 0 && observation.ratePerSec < Infinity ? observation.ratePerSec : Number.NaN;
  const endMs = startMs + durationSec * 1000;
  let fromMs = startMs;
  while (fromMs < endMs) {
    const step = Math.floor(fromMs / stepMs);
    const toMs = Math.min(endMs, (step + 1) * stepMs);
    if (state.open.step < 0) {
      state.open.step = step;
      state.firstStep = step;
    }
    if (step > state.open.step) closeSteps(state, step);
    if (step === state.open.step && !Number.isNaN(rate)) {
      state.open.weighted += rate * (toMs - fromMs);
      state.open.knownMs += toMs - fromMs;
    }
    fromMs = toMs;
  }
  // A step that is measured to its end needs no later observation to be closed.
  if (endMs >= (state.open.step + 1) * stepMs) closeSteps(state, state.open.step + 1);
  return state;
}

function closeSteps(state: PoolForecasterState, nextOpen: number): void {
  const stepMs = state.stepSec * 1000;
  const { weighted, knownMs, step } = state.open;
  closeStep(state, knownMs >= knownShareMin * stepMs ? weighted / knownMs : Number.NaN);
  if (nextOpen - step > stepsKept) {
    // After so long an absence nothing that is kept still holds.
    state.count = 0;
    state.firstStep = nextOpen;
    state.fit = null;
    forgetColumns(state);
  } else {
    for (let missed = step + 1; missed < nextOpen; missed++) closeStep(state, Number.NaN);
  }
  state.open = { step: nextOpen, weighted: 0, knownMs: 0 };
}

function closeStep(state: PoolForecasterState, ratePerSec: number): void {
  if (state.count === state.rates.length) {
    state.rates.copyWithin(0, stepsDropped);
    state.count -= stepsDropped;
    state.firstStep += stepsDropped;
    forgetColumns(state);
  }
  const step = state.firstStep + state.count;
  const multiplier = eventMultiplierAt(state.events, step * state.stepSec * 1000);
  const plain = Math.fround(multiplier > 0 ? ratePerSec / multiplier : Number.NaN);
  const columns = columnsOf(state);
  judgeStep(state, step, plain);
  state.rates[state.count++] = plain;
  columns.builder.push(plain);
  if (!Number.isNaN(plain)) state.learned++;
  noteForecasts(state, step);
}

/** Holds the outcome against what was forecast: accuracy, width of intervals, anomaly, trust. */
function judgeStep(state: PoolForecasterState, step: number, actual: number): void {
  const stepsPerDay = 86_400 / state.stepSec;
  const { shape } = columnsOf(state).reader;
  const rateAt = (stepsAgo: number): number => {
    const at = state.count - stepsAgo;
    return at >= 0 ? (state.rates[at] as number) : Number.NaN;
  };
  const expected = state.records[0]?.pending[0] ?? Number.NaN;
  const weekAgo = rateAt(7 * stepsPerDay);
  const copied = Number.isNaN(weekAgo) ? rateAt(stepsPerDay) : weekAgo;
  for (const record of state.records) {
    enterOutcome(record, { step, actual, held: rateAt(record.leadSteps), copied, stepsPerDay });
  }
  const slow = shape.averages[dayAverage] as Float64Array;
  state.anomaly = watchStep(state.anomalyWatch, {
    actualPerSec: actual,
    expectedPerSec: expected,
    slowDeviation: state.count > 0 ? (slow[state.count - 1] as number) : Number.NaN,
    scale: state.scale,
    stepsPerHour: stepsPerDay / 24,
  });
  const hour = state.records[Math.min(1, state.records.length - 1)];
  if (!hour || Number.isNaN(actual)) return;
  state.trust = nextTrust(state.trust, {
    learnedDays: state.learned / stepsPerDay,
    judgedDays: hour.outcomes / stepsPerDay,
    relativeError: relativeError(hour.fast),
    coverage: hour.fast.weight > 0 ? hour.fast.covered / hour.fast.weight : 0,
    levelShift: state.anomaly?.kind === 'level_shift',
    stepsPerHour: stepsPerDay / 24,
  });
}

/** Leaves a forecast at each watched lead, to be judged when its step closes. */
function noteForecasts(state: PoolForecasterState, step: number): void {
  if (state.learned === 0) return;
  const { builder, calendar, reader } = columnsOf(state);
  const daySlotAt = (lead: number): number => calendar.daySlots[state.count + lead - 1] as number;
  const model = ladderModel(reader, state.fit?.ladder ?? priorLadder(state.stepSec));
  const bands = bandsOrGuess(state);
  for (const record of state.records) {
    const slot = (step + record.leadSteps) % record.leadSteps;
    builder.lookAhead(record.leadSteps);
    const mean = model.forecastAt(state.count, record.leadSteps);
    record.pending[slot] = mean;
    const bound = (probability: number): number =>
      quantilePath(Float64Array.of(mean), bands, probability, {
        intervalSec: state.stepSec,
        firstLead: record.leadSteps,
        daySlotAt,
        widthAt: (lead) => widthOf(state, lead),
      })[0] as number;
    record.pendingLower[slot] = bound(0.025);
    record.pendingUpper[slot] = bound(0.975);
  }
}
