import type { ErrorRing } from './error-ring.ts';
import { fromHalf } from './half-float.ts';
import { createLeadForecaster } from './lead-forecaster.ts';
import type { LeadState, Smoothed } from './lead-state.ts';

/** A lead forecaster as JSON. Number arrays travel as base64 of little-endian bytes; below 64 KB a pool. */
export interface LeadStateWire {
  v: 1;
  base_step_s: number;
  lead_s: number;
  /** Plain numbers in a fixed order, `null` for what is unknown. */
  scalars: (number | null)[];
  arrays: string[];
}

export type LeadStateFromWire = { ok: true; state: LeadState } | { ok: false; reason: 'malformed'; detail: string };

/** Writes the state down so that `leadStateFromWire` restores it exactly. */
export function leadStateToWire(state: LeadState): LeadStateWire {
  const scalars = readScalars(state).map((value) => (Number.isNaN(value) ? null : value));
  return {
    v: 1,
    base_step_s: state.baseStepSec,
    lead_s: (state.leads[state.leads.length - 1] as number) * state.baseStepSec,
    scalars,
    arrays: arraysOf(state).map((array) => toBase64(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))),
  };
}

/** Restores a state; refuses what no forecaster of this version could have written. */
export function leadStateFromWire(wire: unknown): LeadStateFromWire {
  const refuse = (detail: string): LeadStateFromWire => ({ ok: false, reason: 'malformed', detail });
  if (typeof wire !== 'object' || wire === null) return refuse('a lead state is an object');
  const { v, base_step_s, lead_s, scalars, arrays } = wire as Partial<LeadStateWire>;
  if (v !== 1) return refuse('v must be 1');
  if (!(typeof base_step_s === 'number' && base_step_s > 0)) return refuse('base_step_s must be above 0');
  if (!(typeof lead_s === 'number' && lead_s > 0 && lead_s / base_step_s <= 100_000)) {
    return refuse('lead_s must be above 0 and at most 100000 steps');
  }
  const state = createLeadForecaster({ leadSec: lead_s, baseStepSec: base_step_s });
  const wanted = readScalars(state).length;
  if (!Array.isArray(scalars) || (scalars.length !== wanted && scalars.length !== wanted - scalarsAdded)) {
    return refuse(`scalars must hold ${wanted} numbers`);
  }
  if (!scalars.every((value) => value === null || typeof value === 'number')) return refuse('scalars must be numbers');
  writeScalars(
    state,
    scalars.map((value) => value ?? Number.NaN),
  );
  const targets = arraysOf(state);
  if (!Array.isArray(arrays) || arrays.length !== targets.length)
    return refuse(`arrays must hold ${targets.length} texts`);
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i] as NumberArray;
    const text = arrays[i];
    const bytes = typeof text === 'string' ? fromBase64(text) : undefined;
    if (bytes === undefined || bytes.length !== target.byteLength) return refuse(`array ${i} has the wrong length`);
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
  }
  if (scalars.length < wanted) recallPeak(state);
  return { ok: true, state };
}

/** States of before 2026-11-25 lack the last two scalars. */
const scalarsAdded = 2;

/** What an older state did not keep, from what it did: the highest bin of the last days and of the usual week. */
function recallPeak(state: LeadState): void {
  state.measured = state.now.newest;
  state.peak = 0;
  for (const half of [...state.ring.values, ...state.weekShape]) {
    const root = fromHalf(half);
    if (root > state.peak) state.peak = root;
  }
}

type NumberArray = Float64Array | Float32Array | Uint16Array;

function arraysOf(state: LeadState): NumberArray[] {
  const ofRing = (ring: ErrorRing): NumberArray[] => [ring.levels, ring.values];
  return [
    state.ring.values,
    state.weekShape,
    state.pendingLevel,
    state.pendingForecast,
    state.pendingFeatures,
    state.pendingError,
    ...ofRing(state.recent),
    ...ofRing(state.thinned),
    ...state.models.flatMap((model) => [model.weights, model.covariance]),
  ];
}

function readScalars(state: LeadState): number[] {
  const of = (series: Smoothed): number[] => [series.newest, series.fast, series.slow];
  return [
    state.openStep,
    state.openJobs,
    state.openSec,
    state.seenSteps,
    state.surprise,
    state.lift,
    state.surgeSec,
    ...of(state.now),
    ...of(state.day),
    ...of(state.week),
    ...of(state.usual),
    state.ring.newestBin,
    state.ring.sum,
    state.ring.count,
    state.recent.newest,
    state.thinned.newest,
    ...state.models.flatMap((model) => [model.scale, model.updates]),
    state.peak,
    state.measured,
  ];
}

function writeScalars(state: LeadState, values: number[]): void {
  let at = 0;
  const take = (): number => values[at++] as number;
  const fill = (series: Smoothed): void => {
    series.newest = take();
    series.fast = take();
    series.slow = take();
  };
  state.openStep = take();
  state.openJobs = take();
  state.openSec = take();
  state.seenSteps = take();
  state.surprise = take();
  state.lift = take();
  state.surgeSec = take();
  fill(state.now);
  fill(state.day);
  fill(state.week);
  fill(state.usual);
  state.ring.newestBin = take();
  state.ring.sum = take();
  state.ring.count = take();
  state.recent.newest = take();
  state.thinned.newest = take();
  for (const model of state.models) {
    model.scale = take();
    model.updates = take();
  }
  state.peak = take();
  state.measured = take();
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const codes = new Map(alphabet.split('').map((letter, code) => [letter, code]));

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    parts.push(alphabet[(word >> 18) & 63] as string, alphabet[(word >> 12) & 63] as string);
    parts.push(i + 1 < bytes.length ? (alphabet[(word >> 6) & 63] as string) : '=');
    parts.push(i + 2 < bytes.length ? (alphabet[word & 63] as string) : '=');
  }
  return parts.join('');
}

function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    let word = 0;
    for (let k = 0; k < 4; k++) {
      const letter = text[i + k] as string;
      const code = letter === '=' ? 0 : codes.get(letter);
      if (code === undefined) return undefined;
      word = (word << 6) | code;
    }
    for (let k = 0; k < 3 && at < bytes.length; k++) bytes[at++] = (word >> (16 - 8 * k)) & 255;
  }
  return bytes;
}
