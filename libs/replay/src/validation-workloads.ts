import { type ArrivalTrace, generateTrace } from '@capplan/traces';

/** A made-up trace and why it is in the suite. */
export interface ValidationWorkload {
  kind: 'synthetic' | 'edge case';
  trace: ArrivalTrace;
}

const days = 4;

/**
 * The part of the validation suite that needs no recorded data: ordinary shapes of demand, and those at which
 * controllers are known to trip.
 *
 * @param seed makes another suite of the same kinds
 */
export function validationWorkloads(seed: number | string = 1): ValidationWorkload[] {
  const shape = { days, intervalSec: 300, spike: null };
  const synthetic = [
    generateTrace({ ...shape, name: 'office-hours', seed: `${seed}/office` }),
    generateTrace({ ...shape, name: 'growing', seed: `${seed}/growing`, growthPerMonth: 4 }),
    generateTrace({
      ...shape,
      name: 'random-walk',
      seed: `${seed}/walk`,
      dailyAmplitude: 0,
      weekendFactor: 1,
      wander: 0.4,
    }),
  ];
  const base = generateTrace({ ...shape, name: 'base', seed: `${seed}/base`, weekendFactor: 1 });
  const changed = (name: string, change: (rate: number, day: number) => number): ArrivalTrace => ({
    ...base,
    name,
    ratesPerSec: base.ratesPerSec.map((rate, i) => change(rate, (i * base.intervalSec) / 86_400)),
  });
  const edges = [
    generateTrace({
      ...shape,
      name: 'surge',
      seed: `${seed}/surge`,
      spike: { atFraction: 0.85, factor: 5, durationSec: 3600 },
    }),
    changed('night-closure', (rate, day) => (day % 1 < 0.25 ? 0 : rate)),
    changed('level-shift', (rate, day) => (day < 3.3 ? rate : 2 * rate)),
    changed('outage-of-measurement', (rate, day) => (day > 2 && day < 2.5 ? Number.NaN : rate)),
    changed('all-at-once', (rate, day) => (day < 3.2 ? 0.02 * rate : rate)),
  ];
  return [
    ...synthetic.map((trace) => ({ kind: 'synthetic' as const, trace })),
    ...edges.map((trace) => ({ kind: 'edge case' as const, trace })),
  ];
}
