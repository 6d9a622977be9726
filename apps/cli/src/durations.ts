import { InputError } from './command.ts';

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86400, w: 604800 };

/**
 * Reads a length of time such as `250ms`, `2.1s`, `15m`, `24h`, `7d`; a bare number is seconds.
 *
 * @param option the option it was given for, named in the error
 * @returns seconds, ≥ 0
 */
export function parseDurationSec(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?(?:e-?\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = match?.[2] === '' ? 's' : match?.[2];
  const factor = unit === undefined ? undefined : unitSeconds[unit];
  if (!match || factor === undefined) {
    throw new InputError(`${option}: '${text}' is not a length of time; write for example 250ms, 2.1s, 15m, 24h or 7d`);
  }
  return Number(match[1]) * factor;
}

/** Reads a share such as `80%` or `0.8`, above 0 and below 1. */
export function parseShare(text: string, option: string): number {
  const percent = /^(.*)%$/.exec(text.trim())?.[1]?.trim();
  const share = percent === undefined ? Number(text) : Number(percent) / 100;
  if (text.trim() === '' || percent === '' || !(share > 0 && share < 1)) {
    throw new InputError(`${option}: '${text}' is not a share above 0 and below 1; write for example 80% or 0.8`);
  }
  return share;
}

/** Reads a number inside bounds, or says which option is off and what it takes. */
export function parseNumber(
  text: string,
  option: string,
  { min = -Infinity, max = Infinity, integer = false } = {},
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < min || value > max || (integer && !Number.isInteger(value))) {
    const kind = integer ? 'a whole number' : 'a number';
    const low = min === -Infinity ? '' : ` of at least ${min}`;
    const high = max === Infinity ? '' : `${low ? ' and' : ' of'} at most ${max}`;
    throw new InputError(`${option}: '${text}' is not ${kind}${low}${high}`);
  }
  return value;
}
