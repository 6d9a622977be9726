import { type HistoryPoint, timestamp } from '@capplan/contracts';

/**
 * Averages points into stretches of `everySec`, aligned to the epoch; a stretch bears the time of its end.
 *
 * Rates and levels are averaged over the time that was measured, so that a gap is not a zero, nor is a figure that an
 * import left open. The service time's mean and scv are weighted with the jobs that they stand for; the p95 is the
 * greatest of the stretch, because an average of quantiles is none. Stretches without a point are left out. An interval
 * longer than a stretch stays as long as it is.
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

type Figure = NonNullable<HistoryPoint['unknown']>[number];

function averageOf(points: readonly HistoryPoint[], endMs: number): HistoryPoint {
  const open: Figure[] = [];
  const mean = (
    figure: Exclude<keyof HistoryPoint, 'timestamp' | 'unknown'>,
    weightOf: (point: HistoryPoint) => number,
    otherwise = 0,
  ): number => {
    let [sum, weights, plain, known] = [0, 0, 0, 0];
    for (const point of points) {
      if (point.unknown?.includes(figure as Figure)) continue;
      const value = point[figure] ?? otherwise;
      sum += value * weightOf(point);
      weights += weightOf(point);
      plain += value * point.interval_s;
      known += point.interval_s;
    }
    if (known === 0 && points.some((point) => point.unknown?.includes(figure as Figure))) open.push(figure as Figure);
    if (weights > 0) return sum / weights;
    return known > 0 ? plain / known : 0;
  };
  const seconds = (point: HistoryPoint): number => point.interval_s;
  const jobs = (point: HistoryPoint): number =>
    point.interval_s * (point.unknown?.includes('completion_rate') ? point.arrival_rate : point.completion_rate);

  let responseSecP95: number | null = null;
  let costKnown = true;
  for (const point of points) {
    if (point.response_time_p95_s !== null) responseSecP95 = Math.max(responseSecP95 ?? 0, point.response_time_p95_s);
    if (point.cost_per_hour === undefined) costKnown = false;
  }
  const isAnyImported = points.some((point) => point.imported_share !== undefined);
  return {
    timestamp: timestamp(endMs),
    interval_s: points.reduce((sum, point) => sum + point.interval_s, 0),
    arrival_rate: mean('arrival_rate', seconds),
    completion_rate: mean('completion_rate', seconds),
    service_time_mean_s: mean('service_time_mean_s', jobs),
    service_time_scv: mean('service_time_scv', jobs),
    response_time_p95_s: responseSecP95,
    current_workers: mean('current_workers', seconds),
    busy_slots: mean('busy_slots', seconds),
    utilization: mean('utilization', seconds),
    backlog: mean('backlog', seconds),
    error_rate: mean('error_rate', jobs),
    trusted_share: mean('trusted_share', seconds, 1),
    ...(costKnown && { cost_per_hour: mean('cost_per_hour', seconds) }),
    ...(isAnyImported && { imported_share: mean('imported_share', seconds) }),
    ...(open.length > 0 && { unknown: open }),
  };
}
