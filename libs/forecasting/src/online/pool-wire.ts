import { type PoolForecasterState, stepsDropped, stepsKept } from './pool-state.ts';

/** The state of a pool forecaster as JSON can carry it: numbers in columns are packed, everything is kept exactly. */
export type PackedPoolForecaster = { version: 1 } & Record<string, unknown>;

const version = 1;

/** Packs a state; `JSON.stringify` of the answer stays below 64 KB. */
export function packPoolForecaster(state: PoolForecasterState): PackedPoolForecaster {
  return { version, ...(packValue({ ...state, rates: state.rates.subarray(0, state.count) }) as object) };
}

/**
 * Restores a state that goes on exactly as the packed one would have.
 *
 * @throws RangeError when the version is not known: the state must then be rebuilt from history
 */
export function unpackPoolForecaster(packed: PackedPoolForecaster): PoolForecasterState {
  if (packed.version !== version)
    throw new RangeError(`version ${String(packed.version)} of a pool forecaster is not known`);
  const { version: _, ...rest } = packed;
  const state = unpackValue(rest) as PoolForecasterState;
  const rates = new Float32Array(stepsKept + stepsDropped);
  rates.set(state.rates);
  return { ...state, rates };
}

function packValue(value: unknown): unknown {
  if (value instanceof Float32Array) return { f32: toBase64(value) };
  if (value instanceof Float64Array) return { f64: toBase64(value) };
  // JSON has no way to say that a number is unknown or endless.
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
  if (Array.isArray(value)) return value.map(packValue);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, packValue(part)]));
  }
  return value;
}

function unpackValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpackValue);
  if (typeof value !== 'object' || value === null) return value;
  const [[key, part] = ['', undefined], ...others] = Object.entries(value);
  if (others.length === 0 && typeof part === 'string') {
    if (key === 'f32') return new Float32Array(fromBase64(part));
    if (key === 'f64') return new Float64Array(fromBase64(part));
    if (key === 'number') return Number(part);
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unpackValue(inner)]));
}

function toBase64(array: Float32Array | Float64Array): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}
