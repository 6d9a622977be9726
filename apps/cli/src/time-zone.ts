import { utcOffsetOf } from '@capplan/forecasting';
import { createLocalClock, type FileZone, parseTime } from '@capplan/traces';
import { InputError } from './command.ts';

/** Help for `--time-zone` where it says what times mean. */
export const timeZoneHelp = `  --time-zone ZONE     IANA zone of times that name none, such as Europe/Berlin (default UTC)`;

/** Reads `--time-zone`, or says what would do. */
export function parseTimeZone(name: string | undefined): FileZone | undefined {
  if (name === undefined) return undefined;
  try {
    return { name, utcOffsetMinutesAt: utcOffsetOf(name) };
  } catch {
    throw new InputError(`--time-zone: '${name}' is not known; write for example Europe/Berlin`);
  }
}

/**
 * Reads a moment, ms since the epoch: ISO 8601, in `zone` (or UTC) where the text names none. The machine's own zone
 * has no say in it.
 *
 * @param option the option it was given for, named in the error
 */
export function parseMoment(text: string, option: string, zone?: FileZone): number {
  const written = parseTime(text.trim());
  if (written === undefined) {
    throw new InputError(`${option}: '${text}' is not a time; write for example 2026-01-31T00:00:00Z`);
  }
  if (written.offsetMinutes !== undefined || zone === undefined) return written.ms;
  const moment = createLocalClock(zone.utcOffsetMinutesAt).momentOf(written.ms);
  if (moment === undefined) {
    throw new InputError(`${option}: '${text}' does not exist in ${zone.name}: its clocks are put forward then`);
  }
  return moment;
}
