import { createRandomStream } from '@capplan/random';
import type { ErrorRing } from './error-ring.ts';
import { featureCount, fillFeatures } from './features.ts';
import { mod } from './lead-forecaster.ts';
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
  const centre = centres(state);
  const vectors = sampleErrors(state, paths);
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
      const rate = root > 0 ? root * root : 0;
      path[s] = rate;
      means[s] = (means[s] as number) + rate / paths;
    }
    ratesPerSec.push(path);
  }
  return { stepSec, meanRatesPerSec: means, ratesPerSec };
}

const scratch = new Float64Array(featureCount);

function centres(state: LeadState): Float64Array {
  const centre = new Float64Array(state.leads.length);
  for (let l = 0; l < centre.length; l++) {
    fillFeatures(state, state.leads[l] as number, scratch, 0);
    centre[l] = Math.max(0, state.now.fast + predict(state.models[l] as Regression, scratch, 0));
  }
  return centre;
}

/** Weighs all remembered error vectors by how much their moment resembles this one and draws `paths` of them. */
function sampleErrors(state: LeadState, paths: number): Float64Array {
  const width = state.leads.length;
  const out = new Float64Array(paths * width);
  const weights: number[] = [];
  const rings: ErrorRing[] = [];
  const slots: number[] = [];
  let total = 0;
  const origin = state.openStep - 1;
  for (const ring of [state.recent, state.thinned]) {
    for (let i = 0; i < ring.capacity; i++) {
      const step = ring.steps[i] as number;
      if (step < 0) continue;
      const weight = ring === state.recent ? recentWeight(state, origin - step) : thinnedWeight(state, origin, step);
      if (weight <= 0) continue;
      weights.push(weight);
      rings.push(ring);
      slots.push(i);
      total += weight;
    }
  }
  const random = createRandomStream(`${origin}`);
  if (weights.length < 20) {
    // Nothing remembered yet: as uncertain as a fifth of the level, at every lead alike.
    for (let p = 0; p < paths; p++) {
      const value = 0.1 * state.now.fast * normalQuantile((p + 0.5) / paths);
      for (let l = 0; l < width; l++) out[p * width + l] = value;
    }
    return out;
  }
  // Systematic draws: one random start, then equal strides through the summed weights.
  let cumulative = 0;
  let index = -1;
  const start = random.next();
  for (let p = 0; p < paths; p++) {
    const wanted = ((p + start) / paths) * total;
    while (index < weights.length - 1 && cumulative <= wanted) cumulative += weights[++index] as number;
    const ring = rings[index] as ErrorRing;
    const slot = slots[index] as number;
    const level = ring.levels[slot] as number;
    const ratio = level > 0 ? state.now.fast / level : 1;
    const scale = Math.min(3, Math.max(0.33, ratio)) ** levelExponent;
    for (let l = 0; l < width; l++) out[p * width + l] = scale * (ring.values[slot * width + l] as number);
  }
  return out;
}

function recentWeight(state: LeadState, age: number): number {
  const minutes = (age * state.baseStepSec) / 60;
  return Math.exp(-minutes / 90);
}

function thinnedWeight(state: LeadState, origin: number, step: number): number {
  const minutes = ((origin - step) * state.baseStepSec) / 60;
  const apart = mod(minutes + 720, 1440) - 720;
  const ofDay = Math.exp(-0.5 * (apart / 30) ** 2);
  const hourApart = mod(minutes + 30, 60) - 30;
  const ofHour = Math.exp(-0.5 * (hourApart / 2.5) ** 2) * Math.exp(-minutes / 1440);
  return ofDay * 1 + ofHour * 1.5;
}

/** Quantile of the standard normal, Acklam's rational approximation would be overkill: logistic, within 0.02. */
function normalQuantile(p: number): number {
  return Math.log(p / (1 - p)) / 1.702;
}
