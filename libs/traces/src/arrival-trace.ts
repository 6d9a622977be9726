/**
 * Mean arrival rates over equal, back-to-back intervals.
 *
 * `ratesPerSec[i]` covers `[startMs + i·intervalSec·1000, + intervalSec·1000)`; NaN is an interval that was not
 * measured, which is not the same as 0.
 */
export interface ArrivalTrace {
  name: string;
  startMs: number;
  intervalSec: number;
  ratesPerSec: Float64Array;
}
