import { durationSec, type Pool } from '@capplan/contracts';
import { createSketch, type QuantileSketch, type SketchWire, sketchFromWire } from '@capplan/sketch';
import { fadeSketch } from './fade-sketch.ts';
import type { ObserveSettings, PlacedReport, PoolMemory, Suspect, WorkerSeen } from './observation.ts';

export interface FinishedJobs {
  /** Attempts that ended well in this window. */
  completed: number;
  failed: number;
  /** Jobs that left for good: completed, or failed without another try. */
  departed: number;
  wait: QuantileSketch;
  response: QuantileSketch;
  /** Lately finished jobs, this window's counting most. */
  service: ServiceFigures;
  /** Seconds of slot time that this window's jobs took, by their own account. */
  workSec: number;
  suspects: Suspect[];
}

interface ServiceFigures {
  meanSec: number;
  scv: number;
  secP50: number;
  secP95: number;
  sketch: SketchWire | null;
}

/** Below so many remembered jobs nothing is forgotten: a quiet night should not unlearn the service time. */
const REMEMBERED_MIN = 200;

/** A job of over a week is a clock that went wrong. */
const SERVICE_SEC_MAX = 7 * 86_400;

/**
 * What did the jobs of this window come to?
 *
 * A report of up to one window counts in full; one that was merged over an outage counts for one window's share, since
 * the windows before are over. A late one adds to what is known of the service time, and to no rate.
 * A report that claims more slot time than its worker has is left out, and said to be suspect.
 */
export function sumFinishedJobs(
  input: { pool: Pool; reports: readonly PlacedReport[]; seen: readonly WorkerSeen[]; memory: PoolMemory },
  settings: ObserveSettings,
): FinishedJobs {
  const suspects: Suspect[] = [];
  const concurrencies = new Map(input.seen.map((worker) => [worker.worker, worker.concurrency]));
  const totals = { completed: 0, failed: 0, departed: 0, workSec: 0 };
  const wait = createSketch();
  const response = createSketch();
  const service = remembered(input.memory.service, settings);
  for (const report of input.reports) {
    if (report.kind !== 'job') continue;
    const { data } = report;
    const sketches = readSketches(data);
    const spanSec = Math.max(0, (Date.parse(data.to) - Date.parse(data.from)) / 1000);
    const problem =
      'problem' in sketches
        ? sketches.problem
        : implausible({ sketch: sketches.service, spanSec, concurrency: concurrencies.get(data.worker) });
    if (problem !== undefined || 'problem' in sketches) {
      suspects.push({
        source: `job:${data.worker}`.slice(0, 64),
        reason: 'implausible_range',
        detail: (problem ?? '').slice(0, 512),
      });
      continue;
    }
    if (sketches.service !== undefined) service.merge(sketches.service);
    if (report.late) continue;
    const share = spanSec > settings.intervalSec ? settings.intervalSec / spanSec : 1;
    totals.completed += data.completed * share;
    totals.failed += data.failed * share;
    totals.departed += (data.completed + data.failed - Math.min(data.retried ?? 0, data.failed)) * share;
    if (sketches.service !== undefined) totals.workSec += sketches.service.sum * share;
    if (sketches.wait !== undefined) wait.merge(sketches.wait);
    if (sketches.response !== undefined) response.merge(sketches.response);
  }
  return { ...totals, wait, response, service: figures(service, input.pool), suspects };
}

type Sketches = { [name in 'service' | 'wait' | 'response']?: QuantileSketch };

function readSketches(data: Extract<PlacedReport, { kind: 'job' }>['data']): Sketches | { problem: string } {
  const read: Sketches = {};
  for (const name of ['service', 'wait', 'response'] as const) {
    const wire = data[`${name}_time`];
    if (wire === undefined) continue;
    const sketch = sketchFromWire(wire);
    if (!sketch.ok) return { problem: `${name}_time: ${sketch.detail}` };
    read[name] = sketch.sketch;
  }
  return read;
}

function implausible(report: {
  sketch: QuantileSketch | undefined;
  spanSec: number;
  concurrency: number | undefined;
}): string | undefined {
  const { sketch, spanSec, concurrency } = report;
  if (sketch === undefined || sketch.count === 0) return undefined;
  if (sketch.max > SERVICE_SEC_MAX) return `a service time of ${Math.round(sketch.max)} s`;
  if (concurrency === undefined) return undefined;
  // Jobs that ended in the span may have begun before it, by at most the longest of them; a quarter of slack for clocks.
  const possibleSec = 1.25 * concurrency * (spanSec + sketch.max) + 1;
  return sketch.sum > possibleSec
    ? `${Math.round(sketch.sum)} s of work in ${Math.round(spanSec)} s on ${concurrency} slots`
    : undefined;
}

function remembered(wire: SketchWire | null, settings: ObserveSettings): QuantileSketch {
  if (wire === null) return createSketch();
  const factor = wire.count > REMEMBERED_MIN ? 0.5 ** (settings.intervalSec / settings.serviceHalfLifeSec) : 1;
  return fadeSketch(wire, factor);
}

function figures(sketch: QuantileSketch, pool: Pool): ServiceFigures {
  if (sketch.count > 0) {
    // Below a nanosecond a time is as good as none, and dividing by it would not be.
    if (sketch.mean < 1e-9) return { meanSec: 0, scv: 0, secP50: 0, secP95: 0, sketch: sketch.toWire() };
    return {
      meanSec: sketch.mean,
      scv: sketch.scv,
      secP50: sketch.quantile(0.5),
      secP95: sketch.quantile(0.95),
      sketch: sketch.toWire(),
    };
  }
  const hintSec = pool.service_time_hint === undefined ? 0 : durationSec(pool.service_time_hint);
  // Without a measurement, the hint is taken for an exponential service time: a cautious, ordinary guess.
  return {
    meanSec: hintSec,
    scv: hintSec > 0 ? 1 : 0,
    secP50: hintSec * Math.LN2,
    secP95: hintSec * Math.log(20),
    sketch: null,
  };
}
