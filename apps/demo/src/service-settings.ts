import type { DemoPool } from './demo-pool.ts';

/**
 * The services' settings for a run at a given speed. Services count in virtual time, while processes, sockets and disks
 * need their real milliseconds: what waits for them is stretched.
 */
export function serviceSettings({ snapshotIntervalSec }: DemoPool, speed: number): Record<string, string> {
  const stretchedMs = (realMs: number, { least, most }: { least: number; most: number }) =>
    String(Math.round(Math.min(most, Math.max(least, realMs * speed))));
  const stretchedSec = (realMs: number, { least, most }: { least: number; most: number }) =>
    String(Math.round(Math.min(most, Math.max(least, (realMs * speed) / 1000))));
  return {
    // Without servers an answer is waited for in virtual time.
    GATEWAY_ASK_TIMEOUT_MS: '30000',
    COLLECTOR_INTERVAL_S: String(snapshotIntervalSec),
    COLLECTOR_GRACE_S: stretchedSec(200, { least: 1, most: 60 }),
    COLLECTOR_WORKER_TIMEOUT_S: stretchedSec(2500, { least: 30, most: 3600 }),
    EXECUTOR_TICK_MS: stretchedMs(100, { least: 1000, most: 60_000 }),
    EXECUTOR_FRESH_MS: String(Math.min(3_600_000, Math.max(60_000, 4000 * snapshotIntervalSec + 1000 * speed))),
    EXECUTOR_SETTLE_GRACE_MS: stretchedMs(3000, { least: 60_000, most: 3_600_000 }),
    PLANNER_SNAPSHOT_MAX_AGE_SEC: String(Math.min(86_400, Math.max(120, 4 * snapshotIntervalSec + speed))),
    PLANNER_SWEEP_MS: stretchedMs(200, { least: 15_000, most: 600_000 }),
    PLANNER_TRIAL_MS: stretchedMs(250, { least: 250, most: 300_000 }),
    FORECASTER_IMPORT_SETTLED_S: stretchedSec(500, { least: 2, most: 3600 }),
    FORECASTER_SAVE_EVERY_S: stretchedSec(5000, { least: 120, most: 86_400 }),
  };
}
