import { durationSec, type Pool } from '@capplan/contracts';

/** A worker has so many service times to finish what it has begun. */
const serviceTimes = 3;
const dayMs = 86_400_000;

/**
 * Milliseconds that a worker of this pool has to finish its jobs before it is killed.
 *
 * The pool's own `drain_grace`, or else the larger of the installation's and three service times; never shorter than
 * one service time, and never longer than a day.
 *
 * @param measuredSec the 95 % quantile of trusted measurements, seconds; undefined where nothing was measured
 */
export function drainGraceMs(pool: Pool, measuredSec: number | undefined, defaultMs: number): number {
  const hintSec = pool.service_time_hint === undefined ? 0 : durationSec(pool.service_time_hint);
  const serviceMs = 1000 * Math.max(hintSec, measuredSec ?? 0);
  const asked = pool.drain_grace === undefined ? undefined : 1000 * durationSec(pool.drain_grace);
  return Math.min(dayMs, Math.max(serviceMs, asked ?? Math.max(defaultMs, serviceTimes * serviceMs)));
}
