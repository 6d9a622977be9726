import { rateOrNothing } from '../rate-or-nothing.ts';
import { ceilingOf, countingDeviation } from './bounds.ts';
import { type ErrorRing, errorOf, levelOfSlot, stepOfSlot } from './error-ring.ts';
import { featureCount, fillFeatures } from './features.ts';
import { mod, openingSurprise } from './lead-forecaster.ts';
import type { LeadState } from './lead-state.ts';
import { predict, type Regression } from './regression.ts';

export interface LeadPaths {
  stepSec: number;
  /** Mean of the paths, jobs per second, per step. */
  meanRatesPerSec: number[];
  /** Sampled futures, jobs per second: ratesPerSec[path][step]. */
  ratesPerSec: number[][];
}

/** How strongly an error grows with the level: 0 as for counts, 1 in proportion to it. */
const levelExponent = 0.5;

/**
 * Futures of demand over the next steps: the forecast of each lead plus the errors that forecasts of the same lead
 * made before - recently, at this time of the hour and at this time of the day.
 *
 * The same state gives the same paths. Step 0 starts at the end of the newest closed base step.
 *
 * @returns undefined while nothing has been seen
 */
export function leadPaths(
  state: LeadState,
  options: { stepSec: number; steps: number; paths: number },
): LeadPaths | undefined {
  const { stepSec, steps, paths } = options;
  if (Number.isNaN(state.now.fast)) return undefined;
  const opening = openingSurprise(state);
  const openRoot = opening > 0 ? Math.sqrt(state.openJobs / state.openSec) : state.measured;
  const ceiling = ceilingOf(state, openRoot);
  const centre = centres(state, { ceiling, floor: surgeFloor(state, { opening, openRoot }) });
  const vectors = sampleErrors(state, paths);
  widenToCounts(vectors, { paths, centre, stepSec: state.baseStepSec });
  const { leads } = state;
  const width = leads.length;
  const means = new Array<number>(steps).fill(0);
  const ratesPerSec: number[][] = [];
  for (let p = 0; p < paths; p++) {
    const path = new Array<number>(steps);
    for (let s = 0; s < steps; s++) {
      const lead = Math.floor((s * stepSec) / state.baseStepSec + 1e-9) + 1;
      let right = 0;
      while (right < width - 1 && (leads[right] as number) < lead) right++;
      const left = right === 0 || (leads[right] as number) <= lead ? right : right - 1;
      const span = (leads[right] as number) - (leads[left] as number);
      const share = span === 0 ? 0 : (lead - (leads[left] as number)) / span;
      const root =
        (1 - share) * ((centre[left] as number) + (vectors[p * width + left] as number)) +
        share * ((centre[right] as number) + (vectors[p * width + right] as number));
      const rate = root > 0 ? rateOrNothing(Math.min(root, ceiling) ** 2) : 0;
      path[s] = rate;
      means[s] = (means[s] as number) + rate / paths;
    }
    ratesPerSec.push(path);
  }
  return { stepSec, meanRatesPerSec: means, ratesPerSec };
}

/** How far above the newest value a surge may lift the forecast, as a share of the lift. */
const liftShare = 0.7;

const scratch = new Float32Array(featureCount);

function centres(state: LeadState, { ceiling, floor }: { ceiling: number; floor: number }): Float64Array {
  const centre = new Float64Array(state.leads.length);
  for (let l = 0; l < centre.length; l++) {
    fillFeatures(state, state.leads[l] as number, scratch, 0);
    const usual = Math.max(0, state.now.fast + predict(state.models[l] as Regression, scratch, 0));
    centre[l] = Math.min(ceiling, Math.max(usual, floor));
  }
  return centre;
}

/** In a surge the usual forecast expects a return that need not come: the newest value and a bit more is the floor. */
function surgeFloor(state: LeadState, { opening, openRoot }: { opening: number; openRoot: number }): number {
  const floor = state.surgeSec > 0 ? state.measured + liftShare * state.lift : 0;
  return opening > 0 ? Math.max(floor, openRoot + liftShare * opening) : floor;
}

/**
 * No future is more certain than a count: where past errors spread less than counts of a step do, because demand came
 * as means of long intervals, the futures are drawn apart. Where nothing is expected nothing is drawn.
 *
 * @param vectors one error for each path and lead, by rising mean error; changed in place
 * @param centre forecast root of each lead
 */
function widenToCounts(
  vectors: Float64Array,
  { paths, centre, stepSec }: { paths: number; centre: Float64Array; stepSec: number },
): void {
  const width = centre.length;
  for (let l = 0; l < width; l++) {
    let sum = 0;
    let squares = 0;
    for (let p = 0; p < paths; p++) {
      const error = vectors[p * width + l] as number;
      sum += error;
      squares += error * error;
    }
    const missing = countingDeviation(stepSec, centre[l]) ** 2 - (squares / paths - (sum / paths) ** 2);
    if (missing <= 0) continue;
    const extra = Math.sqrt(missing);
    for (let p = 0; p < paths; p++) {
      vectors[p * width + l] = (vectors[p * width + l] as number) + extra * normalQuantile((p + 0.5) / paths);
    }
  }
}

/** Weighs all remembered error vectors by how much their moment resembles this one and draws `paths` of them. */
function sampleErrors(state: LeadState, paths: number): Float64Array {
  const width = state.leads.length;
  const out = new Float64Array(paths * width);
  const memory = weighMemory(state);
  if (memory.count < 20) {
    // Nothing remembered yet: as uncertain as a fifth of the level, at every lead alike.
    for (let p = 0; p < paths; p++) {
      const value = 0.1 * state.now.fast * normalQuantile((p + 0.5) / paths);
      for (let l = 0; l < width; l++) out[p * width + l] = value;
    }
    return out;
  }
  // Equal strides through the weights in order of error: every part of the distribution gets its share of the futures,
  // so that two moments alike get futures alike and a far tail is not a matter of luck.
  const order = orderByError(memory);
  let cumulative = 0;
  let index = -1;
  for (let p = 0; p < paths; p++) {
    const wanted = ((p + 0.5) / paths) * memory.total;
    while (index < memory.count - 1 && cumulative <= wanted) {
      index += 1;
      cumulative += weights[order[index] as number] as number;
    }
    const item = order[Math.max(0, index)] as number;
    const ring = (item < memory.recentCount ? state.recent : state.thinned) as ErrorRing;
    const slot = slots[item] as number;
    const scale = scales[item] as number;
    for (let l = 0; l < width; l++) out[p * width + l] = scale * errorOf(ring, slot, l);
  }
  return out;
}

const itemsMax = 4096;
const weights = new Float64Array(itemsMax);
const scales = new Float64Array(itemsMax);
const keys = new Float64Array(itemsMax);
const slots = new Int32Array(itemsMax);
const ages = new Float64Array(itemsMax);

function weighMemory(state: LeadState): { count: number; recentCount: number; total: number } {
  const origin = state.openStep - 1;
  let count = 0;
  let recentCount = 0;
  let total = 0;
  for (const ring of [state.recent, state.thinned]) {
    const { width } = ring;
    for (let slot = 0; slot < ring.capacity; slot++) {
      const minutes = ((origin - stepOfSlot(ring, slot)) * state.baseStepSec) / 60;
      const weight = ring === state.recent ? recentWeight(minutes) : thinnedWeight(minutes);
      if (weight < 1e-4) continue;
      const level = levelOfSlot(ring, slot);
      if (Number.isNaN(level)) continue;
      const ratio = level > 0 ? state.now.fast / level : 1;
      const scale = Math.min(3, Math.max(0.33, ratio)) ** levelExponent;
      let sum = 0;
      for (let l = 0; l < width; l++) sum += errorOf(ring, slot, l);
      weights[count] = weight;
      scales[count] = scale;
      keys[count] = (scale * sum) / width;
      slots[count] = slot;
      ages[count] = minutes;
      total += weight;
      count += 1;
    }
    if (ring === state.recent) {
      recentCount = count;
      total += favourSameMinutes(count, total);
    }
  }
  return { count, recentCount, total };
}

/** Errors of the same minute must be this many times the usual ones to count more, and this many times to count most. */
const favourFrom = 1.5;
const favourFully = 3;

/**
 * Where forecasts of the last hours failed again and again at just this minute of the hour, or of the half hour, those
 * are the errors to expect now: jobs are started by clocks, at full and half hours. One failure alone is no habit.
 *
 * @param count of the errors of the last hours, the first in memory; each of them is one origin
 * @returns weight that was added
 */
function favourSameMinutes(count: number, total: number): number {
  let usual = 0;
  for (let i = 0; i < count; i++) usual += Math.abs(keys[i] as number) / count;
  const ofHour = itemsEvery(60, { count, offset: 0 });
  const betweenHours = itemsEvery(60, { count, offset: 30 });
  const isLarge = (item: number): boolean => Math.abs(keys[item] as number) > 2 * usual;
  const alike = ofHour.some(isLarge) && betweenHours.some(isLarge) ? [...ofHour, ...betweenHours] : ofHour;
  const sizes = alike.map((item) => Math.abs(keys[item] as number)).sort((a, b) => a - b);
  sizes.pop();
  const habitual = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
  const share = Math.min(1, Math.max(0, (habitual / usual - favourFrom) / (favourFully - favourFrom)));
  if (!(share > 0)) return 0;
  for (const item of alike) weights[item] = (weights[item] as number) + (share * total) / alike.length;
  return share * total;
}

function itemsEvery(period: number, { count, offset }: { count: number; offset: number }): number[] {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    if (mod(Math.round(ages[i] as number) - offset, period) === 0) found.push(i);
  }
  return found;
}

const buckets = 1024;
const bucketStarts = new Int32Array(buckets + 1);
const ordered = new Int32Array(itemsMax);

/** Items by rising error: a counting sort, exact to a thousandth of the range, which is all that is needed here. */
function orderByError(memory: { count: number }): Int32Array {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < memory.count; i++) {
    const key = keys[i] as number;
    if (key < low) low = key;
    if (key > high) high = key;
  }
  const factor = high > low ? (buckets - 1) / (high - low) : 0;
  bucketStarts.fill(0);
  for (let i = 0; i < memory.count; i++) {
    const bucket = Math.floor(((keys[i] as number) - low) * factor);
    bucketStarts[bucket + 1] = (bucketStarts[bucket + 1] as number) + 1;
  }
  for (let b = 0; b < buckets; b++) {
    bucketStarts[b + 1] = (bucketStarts[b + 1] as number) + (bucketStarts[b] as number);
  }
  for (let i = 0; i < memory.count; i++) {
    const bucket = Math.floor(((keys[i] as number) - low) * factor);
    const at = bucketStarts[bucket] as number;
    ordered[at] = i;
    bucketStarts[bucket] = at + 1;
  }
  return ordered;
}

function recentWeight(minutes: number): number {
  return Math.exp(-minutes / recentMinutes);
}

function thinnedWeight(minutes: number): number {
  const apart = mod(minutes + 720, 1440) - 720;
  const ofDay = Math.abs(apart) > 90 ? 0 : Math.exp(-0.5 * (apart / 30) ** 2);
  const hourApart = mod(minutes + 30, 60) - 30;
  const ofHour = Math.abs(hourApart) > 8 ? 0 : Math.exp(-0.5 * (hourApart / 2.5) ** 2) * Math.exp(-minutes / 1440);
  return ofDay + 1.5 * ofHour;
}

/** Minutes after which a recent error weighs 1/e. */
const recentMinutes = 90;

/** Quantile of the standard normal, Acklam's rational approximation would be overkill: logistic, within 0.02. */
function normalQuantile(p: number): number {
  return Math.log(p / (1 - p)) / 1.702;
}
