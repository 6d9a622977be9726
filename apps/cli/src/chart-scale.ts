/** A tick of an axis: where, and what to write there. */
export interface Tick {
  value: number;
  label: string;
}

const daySec = 86_400;
const timeStepsSec = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10_800,
  21_600,
  43_200,
  daySec,
  2 * daySec,
  7 * daySec,
  14 * daySec,
  28 * daySec,
  91 * daySec,
  182 * daySec,
  364 * daySec,
];
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Round numbers (1, 2, 2.5 or 5 times a power of ten) that cover [min, max] in about `count` steps. */
export function numberTicks(min: number, max: number, count = 5): Tick[] {
  const span = max > min ? max - min : Math.abs(max) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((multiple) => multiple * power >= rough * 0.999) ?? 10) * power;
  const ticks: Tick[] = [];
  const last = Math.ceil((max > min ? max : min + span) / step - 1e-9);
  for (let i = Math.floor(min / step + 1e-9); i <= last; i++)
    ticks.push({ value: i * step, label: formatNumber(i * step, step) });
  return ticks;
}

/** At most four significant digits beyond what the step needs, thousands as k, M or G. */
export function formatNumber(value: number, step: number): string {
  const size = Math.abs(value);
  for (const [unit, suffix] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ] as const) {
    const divisor = suffix === 'k' ? 1e3 : unit;
    if (size >= unit) return `${trimmed(value / divisor, Math.max(0, decimals(step / divisor)))}${suffix}`;
  }
  return trimmed(value, Math.min(12, Math.max(0, decimals(step))));
}

function decimals(step: number): number {
  const digits = -Math.floor(Math.log10(step));
  return Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-9 ? digits : digits + 1;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits);
}

/** Whole hours, days or weeks (UTC plus `offsetMinutes`) between two moments, about `count` of them. */
export function timeTicks(fromMs: number, toMs: number, { count = 8, offsetMinutes = 0 } = {}): Tick[] {
  const roughSec = (toMs - fromMs) / 1000 / count;
  const stepSec = timeStepsSec.find((step) => step >= roughSec) ?? Math.ceil(roughSec / (364 * daySec)) * 364 * daySec;
  // Weeks counted from 1970 begin on Thursdays; shifting by four days lets ticks of a week fall on Mondays.
  const shiftSec = (stepSec >= 7 * daySec ? 4 * daySec : 0) - offsetMinutes * 60;
  const ticks: Tick[] = [];
  for (
    let sec = Math.ceil((fromMs / 1000 - shiftSec) / stepSec) * stepSec + shiftSec;
    sec * 1000 <= toMs;
    sec += stepSec
  ) {
    ticks.push({ value: sec * 1000, label: timeLabel(sec + offsetMinutes * 60, stepSec) });
  }
  return ticks;
}

function timeLabel(localSec: number, stepSec: number): string {
  const date = new Date(localSec * 1000);
  const iso = date.toISOString();
  if (stepSec >= 28 * daySec) return iso.slice(0, 7);
  const midnight = ((localSec % daySec) + daySec) % daySec === 0;
  if (midnight) return `${weekdays[date.getUTCDay()]} ${iso.slice(5, 10)}`;
  return stepSec < 60 ? iso.slice(11, 19) : iso.slice(11, 16);
}
