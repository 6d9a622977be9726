import type { ArrivalTrace } from './arrival-trace.ts';
import { meanBetween } from './resample.ts';

/**
 * The same shape of demand at another size: multiplies all rates so that the mean over [fromMs, toMs) offers
 * `erlangs` at the given service time (offered load = arrival rate × mean service time).
 *
 * @param meanServiceSec mean service time, seconds, > 0
 * @param erlangs offered load wanted, ≥ 0
 * @param fromMs start of the stretch whose mean counts; default the whole trace
 * @returns the scaled trace and the factor; `no_demand` when the stretch holds no arrivals to scale
 */
export function scaleToOfferedLoad(
  trace: ArrivalTrace,
  options: { meanServiceSec: number; erlangs: number; fromMs?: number; toMs?: number },
): { ok: true; trace: ArrivalTrace; factor: number } | { ok: false; reason: 'no_demand'; detail: string } {
  const { meanServiceSec, erlangs, fromMs = trace.startMs } = options;
  const toMs = options.toMs ?? trace.startMs + trace.ratesPerSec.length * trace.intervalSec * 1000;
  if (!(meanServiceSec > 0)) throw new RangeError(`meanServiceSec is ${meanServiceSec}, must be above 0`);
  if (!(erlangs >= 0)) throw new RangeError(`erlangs is ${erlangs}, must be at least 0`);
  const mean = meanBetween(trace, fromMs, toMs);
  if (!(mean > 0)) {
    const detail = `${trace.name} has no arrivals between ${new Date(fromMs).toISOString()} and ${new Date(toMs).toISOString()}`;
    return { ok: false, reason: 'no_demand', detail };
  }
  const factor = erlangs / (mean * meanServiceSec);
  return { ok: true, factor, trace: { ...trace, ratesPerSec: trace.ratesPerSec.map((rate) => rate * factor) } };
}
