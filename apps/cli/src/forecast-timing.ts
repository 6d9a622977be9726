import { createPoolForecaster, updatePoolForecaster } from '@capplan/forecasting';
import type { ArrivalTrace } from '@capplan/traces';

const observations = 2000;

/** Mean time that the online forecaster takes for one observation of this trace, after one pass to warm up. */
export function measureUpdateMicroseconds(trace: ArrivalTrace): number {
  const stepSec = [3600, 1800, 900, 600, 300].find((step) => step <= trace.intervalSec) ?? 300;
  let microseconds = 0;
  for (const _ of ['warm-up', 'measured']) {
    const state = createPoolForecaster({ stepSec });
    const count = Math.min(observations, trace.ratesPerSec.length);
    const begun = performance.now();
    for (let i = 0; i < count; i++) {
      updatePoolForecaster(state, {
        startMs: trace.startMs + i * trace.intervalSec * 1000,
        durationSec: trace.intervalSec,
        ratePerSec: trace.ratesPerSec[i] as number,
      });
    }
    microseconds = (1000 * (performance.now() - begun)) / count;
  }
  return microseconds;
}
