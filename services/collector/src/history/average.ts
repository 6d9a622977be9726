import { type HistoryPoint, timestamp } from '@capplan/contracts';

/**
 * Averages points into stretches of `everySec`, aligned to the epoch; a stretch bears the time of its end.
 *
 * Rates and levels are averaged over the time that was measured, so that a gap is not a zero. The service time's
 * mean and scv are weighted with the jobs that they stand for; the p95 is the greatest of the stretch, because an
 * average of quantiles is none. Stretches without a point are left out.
 *
 * @param points ascending in time
 */
export function averagePoints(points: readonly HistoryPoint[], everySec: number): HistoryPoint[] {
  const averaged: HistoryPoint[] = [];
  let group: HistoryPoint[] = [];
  let groupEnd = Number.NaN;
  const close = (): void => {
    if (group.length > 0) averaged.push(averageOf(group, groupEnd * everySec * 1000));
    group = [];
  };
  for (const point of points) {
    const end = Math.ceil(Date.parse(point.timestamp) / (everySec * 1000));
    if (end !== groupEnd) close();
    groupEnd = end;
    group.push(point);
  }
  close();
  return averaged;
}

function averageOf(points: readonly HistoryPoint[], endMs: number): HistoryPoint {
  const measuredSec = points.reduce((sum, point) => sum + point.interval_s, 0);
  const over = (figure: (point: HistoryPoint) => number): number =>
    measuredSec > 0 ? points.reduce((sum, point) => sum + figure(point) * point.interval_s, 0) / measuredSec : 0;
  const completionRate = over((point) => point.completion_rate);
  const byJobs = (figure: (point: HistoryPoint) => number): number =>
    completionRate > 0 ? over((point) => figure(point) * point.completion_rate) / completionRate : over(figure);

  let responseSecP95: number | null = null;
  let costKnown = true;
  for (const point of points) {
    if (point.response_time_p95_s !== null) responseSecP95 = Math.max(responseSecP95 ?? 0, point.response_time_p95_s);
    if (point.cost_per_hour === undefined) costKnown = false;
  }
  return {
    timestamp: timestamp(endMs),
    interval_s: measuredSec,
    arrival_rate: over((point) => point.arrival_rate),
    completion_rate: completionRate,
    service_time_mean_s: byJobs((point) => point.service_time_mean_s),
    service_time_scv: byJobs((point) => point.service_time_scv),
    response_time_p95_s: responseSecP95,
    current_workers: over((point) => point.current_workers),
    busy_slots: over((point) => point.busy_slots),
    utilization: over((point) => point.utilization),
    backlog: over((point) => point.backlog),
    error_rate: byJobs((point) => point.error_rate),
    trusted_share: over((point) => point.trusted_share ?? 1),
    ...(costKnown && { cost_per_hour: over((point) => point.cost_per_hour ?? 0) }),
  };
}
