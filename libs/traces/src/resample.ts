import type { ArrivalTrace } from './arrival-trace.ts';

/**
 * The same demand over other intervals, which begin at whole multiples of `everySec` since 1970 (so quarter hours
 * begin at the quarter).
 *
 * A new interval gets the mean of the known old ones inside it, weighted by the time they share; with finer intervals
 * that holds each old value. An interval without any known part is NaN. The first and last interval may be covered
 * only in part.
 *
 * @param everySec length of the new intervals, seconds, > 0
 * @returns a new trace; the same one when its intervals already are what is asked for
 */
export function resample(trace: ArrivalTrace, everySec: number): ArrivalTrace {
  if (!(everySec > 0 && Number.isFinite(everySec))) throw new RangeError(`everySec is ${everySec}, must be above 0`);
  const everyMs = everySec * 1000;
  const intervalMs = trace.intervalSec * 1000;
  if (everyMs === intervalMs) return trace;

  const startMs = Math.floor(trace.startMs / everyMs) * everyMs;
  const endMs = trace.startMs + trace.ratesPerSec.length * intervalMs;
  const length = Math.max(0, Math.ceil((endMs - startMs) / everyMs - 1e-9));
  const ratesPerSec = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    ratesPerSec[i] = meanBetween(trace, startMs + i * everyMs, startMs + (i + 1) * everyMs);
  }
  return { name: trace.name, startMs, intervalSec: everySec, ratesPerSec };
}

/** Time-weighted mean of the known values in [fromMs, toMs); NaN when there is none. */
export function meanBetween(trace: ArrivalTrace, fromMs: number, toMs: number): number {
  const intervalMs = trace.intervalSec * 1000;
  const first = Math.max(0, Math.floor((fromMs - trace.startMs) / intervalMs));
  const beyond = Math.min(trace.ratesPerSec.length, Math.ceil((toMs - trace.startMs) / intervalMs));
  let weighted = 0;
  let weights = 0;
  for (let i = first; i < beyond; i++) {
    const rate = trace.ratesPerSec[i] as number;
    if (Number.isNaN(rate)) continue;
    const begin = trace.startMs + i * intervalMs;
    const shared = Math.min(toMs, begin + intervalMs) - Math.max(fromMs, begin);
    if (shared <= 0) continue;
    weighted += rate * shared;
    weights += shared;
  }
  return weights > 0 ? weighted / weights : Number.NaN;
}
