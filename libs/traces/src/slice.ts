import type { ArrivalTrace } from './arrival-trace.ts';

/**
 * The intervals that begin in [fromMs, toMs). Bounds outside the trace are ordinary; the result may be empty.
 *
 * @example slice(trace, { fromMs: trace.startMs + 86_400_000 }) // all but the first day
 */
export function slice(
  trace: ArrivalTrace,
  { fromMs = -Infinity, toMs = Infinity }: { fromMs?: number; toMs?: number },
): ArrivalTrace {
  const intervalMs = trace.intervalSec * 1000;
  const position = (ms: number): number =>
    Math.min(trace.ratesPerSec.length, Math.max(0, Math.ceil((ms - trace.startMs) / intervalMs)));
  const from = position(fromMs);
  return {
    name: trace.name,
    startMs: trace.startMs + from * intervalMs,
    intervalSec: trace.intervalSec,
    ratesPerSec: trace.ratesPerSec.slice(from, Math.max(from, position(toMs))),
  };
}
