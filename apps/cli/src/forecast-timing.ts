import { createPoolForecaster, updatePoolForecaster } from '@capplan/forecasting';
import type { ArrivalTrace } from '@capplan/traces';

const warmUpObservations = 2000;
const measuredObservations = 4000;

/** Mean time that the online forecaster takes for one observation, fed with this trace over and over. */
export function measureUpdateMicroseconds(trace: ArrivalTrace): number {
  const stepSec = [3600, 1800, 900, 600, 300].find((step) => step <= trace.intervalSec) ?? 300;
  // A pool measures more often than once an hour.
  const intervalSec = Math.min(3600, trace.intervalSec);
  const state = createPoolForecaster({ stepSec });
  const observe = (i: number): void => {
    updatePoolForecaster(state, {
      startMs: trace.startMs + i * intervalSec * 1000,
      durationSec: intervalSec,
      ratePerSec: trace.ratesPerSec[i % trace.ratesPerSec.length] as number,
    });
  };
  for (let i = 0; i < warmUpObservations; i++) observe(i);
  const begun = performance.now();
  for (let i = 0; i < measuredObservations; i++) observe(warmUpObservations + i);
  return (1000 * (performance.now() - begun)) / measuredObservations;
}
