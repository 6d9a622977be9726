import type { Policy, Snapshot } from '@capplan/contracts';
import { modelSettings } from './model-settings.ts';

/* An ordinary pool and days of demand for it. */

export const startMs = Date.parse('2026-03-02T00:00:00Z');
export const pool = { id: 'shop/mail', startupDelaySec: 60 };

export function settingsFor(forecast: Policy['forecast'] = {}, startupDelaySec = 60) {
  return modelSettings({ ...pool, startupDelaySec }, { id: 'p1', forecast });
}

export const settings = settingsFor();

/** Jobs per second at a moment: a day's wave between 5 and 15. */
export function rateAt(ms: number): number {
  return 10 + 5 * Math.sin((2 * Math.PI * ms) / 86_400_000);
}

export function sampleSnapshot(endMs: number, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    pool: 'shop/mail',
    timestamp: new Date(endMs).toISOString(),
    interval_s: 60,
    arrival_rate: rateAt(endMs),
    completion_rate: rateAt(endMs),
    service_rate: 1,
    service_time_mean_s: 2,
    service_time_scv: 1,
    service_time_p50: '1.4s',
    service_time_p95: '6s',
    current_workers: 30,
    starting_workers: 0,
    busy_slots: 20,
    slots: 60,
    utilization: 0.33,
    backlog: 0,
    error_rate: 0,
    quality: { trusted: true, suspects: [] },
    ...changes,
  };
}
