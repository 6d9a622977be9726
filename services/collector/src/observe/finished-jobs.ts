import { durationSec, type Pool } from '@capplan/contracts';
import { createSketch, type QuantileSketch, type SketchWire, sketchFromWire } from '@capplan/sketch';
import { fadeSketch } from './fade-sketch.ts';
import type { Note, ObserveSettings, PlacedReport, PoolMemory, Suspect, WorkerSeen } from './observation.ts';

export interface FinishedJobs {
  /** Attempts that ended well in this window. */
  completed: number;
  failed: number;
  /** Jobs that left for good: completed, or failed without another try. */
  departed: number;
  /** Attempts that failed and are to be tried again. */
  retried: number;
  wait: QuantileSketch;
  response: QuantileSketch;
  /** Lately finished jobs, this window's counting most. */
  service: ServiceFigures;
  /** Seconds of slot time that this window's jobs took, by their own account. */
  workSec: number;
  suspects: Suspect[];
}

export interface ServiceFigures {
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
  const totals = { completed: 0, failed: 0, departed: 0, retried: 0, workSec: 0 };
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
    const retried = Math.min(data.retried ?? 0, data.failed);
    totals.retried += retried * share;
    totals.departed += (data.completed + data.failed - retried) * share;
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
  return exponential(pool.service_time_hint === undefined ? 0 : durationSec(pool.service_time_hint));
}

/** Without a distribution, an exponential one with this mean: a cautious, ordinary guess. */
function exponential(meanSec: number): ServiceFigures {
  return {
    meanSec,
    scv: meanSec > 0 ? 1 : 0,
    secP50: meanSec * Math.LN2,
    secP95: meanSec * Math.log(20),
    sketch: null,
  };
}

/** Below so many attempts, the ratio of slot time to attempts says little. */
const INFERRED_FROM_MIN = 20;

export interface UnmeasuredService {
  service: ServiceFigures;
  isKnown: boolean;
  unmeasured: NonNullable<PoolMemory['unmeasured']>;
  suspects: Suspect[];
  notes: Note[];
}

/**
 * How long do jobs take whose reports say nothing of it?
 *
 * Busy slots are the rate of attempts times their mean time (Little's law), so the mean is the busy slot time of the last
 * minutes over the attempts that ended in them; where the fleet is not known, or too few have ended, it is missing.
 *
 * @param busySlots mean over the window; null when the fleet is not known or not trusted
 */
export function inferService(
  input: { jobs: FinishedJobs; busySlots: number | null; memory: PoolMemory },
  settings: ObserveSettings,
): UnmeasuredService {
  const { jobs, busySlots } = input;
  const kept = 0.5 ** (settings.intervalSec / settings.serviceHalfLifeSec);
  const before = input.memory.unmeasured ?? { workSec: 0, attempts: 0 };
  const ended = jobs.completed + jobs.failed;
  const counts = busySlots !== null && ended > 0;
  const unmeasured = {
    workSec: before.workSec * kept + (counts ? busySlots * settings.intervalSec : 0),
    attempts: before.attempts * kept + (counts ? ended : 0),
  };
  const answer = { service: jobs.service, isKnown: true, unmeasured, suspects: [], notes: [] };
  // Measured or hinted, or nothing has ever ended: there is nothing to infer.
  if (jobs.service.sketch !== null || jobs.service.meanSec > 0) return { ...answer, unmeasured: before };
  if (ended === 0 && before.attempts === 0) return answer;
  if (unmeasured.attempts >= INFERRED_FROM_MIN && unmeasured.workSec > 0) {
    const service = exponential(unmeasured.workSec / unmeasured.attempts);
    const detail = 'inferred from busy slots and finished jobs (Little’s law): no report says how long a job took';
    return { ...answer, service, notes: [{ source: 'service_time', detail }] };
  }
  const detail = 'jobs finish, no report says how long they took, and the pool has no service_time_hint';
  return { ...answer, isKnown: false, suspects: [{ source: 'service_time', reason: 'missing', detail }] };
}
