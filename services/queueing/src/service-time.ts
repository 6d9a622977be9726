import { durationSec, type Pool, type Snapshot } from '@capplan/contracts';
import type { ServiceDistribution } from '@capplan/queueing';
import { sketchFromWire } from '@capplan/sketch';

/**
 * Which distribution of service times do these measurements speak for?
 *
 * With enough jobs the measured one itself. With few, a log-normal of the measured mean and scv: a tail that few jobs
 * do not show yet is there all the same. Without any, an exponential one of the pool's hint.
 *
 * @returns undefined when nothing at all is known
 */
export function serviceTimeOf(
  snapshot: Snapshot,
  pool: Pool,
  { samplesMin }: { samplesMin: number },
): ServiceDistribution | undefined {
  const { service_time_mean_s: meanSec, service_time_scv: scv } = snapshot;
  if (meanSec > 0) {
    const wire = snapshot.service_time_sketch;
    if (wire !== undefined && wire.count >= samplesMin) {
      const read = sketchFromWire(wire);
      if (read.ok && read.sketch.mean > 0) return { kind: 'measured', sketch: read.sketch };
    }
    return { kind: 'lognormal', meanSec, scv: Math.min(scv, 100) };
  }
  const hintSec = pool.service_time_hint === undefined ? 0 : durationSec(pool.service_time_hint);
  return hintSec > 0 ? { kind: 'exponential', meanSec: hintSec } : undefined;
}

/** Whether two snapshots speak for practically the same service times, so that what was worked out for one serves both. */
export function isSameService(a: Snapshot, b: Snapshot): boolean {
  const isNear = (x: number, y: number) => Math.abs(x - y) <= 0.01 * Math.max(Math.abs(x), Math.abs(y));
  const p95 = (snapshot: Snapshot) => durationSec(snapshot.service_time_p95);
  return (
    isNear(a.service_time_mean_s, b.service_time_mean_s) &&
    Math.abs(a.service_time_scv - b.service_time_scv) <= 0.02 * (1 + a.service_time_scv) &&
    isNear(p95(a), p95(b)) &&
    (a.service_time_sketch === undefined) === (b.service_time_sketch === undefined)
  );
}
