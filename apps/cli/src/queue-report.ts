import type { QueueSolution } from '@capplan/queueing';

const percentiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** Quantiles under the names that they have in JSON. */
type Quantiles = Record<keyof typeof percentiles, number>;

/** The JSON form of a solved queue, times in seconds. */
export interface QueueReport {
  stable: true;
  utilization: number;
  p_wait: number;
  lq: number;
  wq_s: number;
  w_s: number;
  l: number;
  wait_s: Quantiles;
  response_s: Quantiles;
  model: string;
  /** Why these figures may be off; absent where they can be relied on. */
  caution?: string;
}

/** @param caution see `approximationCaution` */
export function queueReport(queue: QueueSolution, caution: string | undefined): QueueReport {
  return {
    stable: true,
    utilization: queue.utilization,
    p_wait: queue.waitProbability,
    lq: queue.queueLengthMean,
    wq_s: queue.waitSecMean,
    w_s: queue.responseSecMean,
    l: queue.jobsMean,
    wait_s: quantiles((p) => queue.waitSecQuantile(p)),
    response_s: quantiles((p) => queue.responseSecQuantile(p)),
    model: queue.model,
    ...(caution !== undefined && { caution }),
  };
}

function quantiles(at: (p: number) => number): Quantiles {
  const { p50, p90, p95, p99 } = percentiles;
  return { p50: at(p50), p90: at(p90), p95: at(p95), p99: at(p99) };
}

/** A table for people. */
export function queueTable(report: QueueReport): string {
  const row = (name: string, q: Quantiles, mean: number) =>
    `  ${name.padEnd(10)}${[mean, q.p50, q.p90, q.p95, q.p99].map((sec) => formatSec(sec).padStart(11)).join('')}`;
  return [
    `model ${report.model}, utilisation ${formatPercent(report.utilization)}`,
    `  jobs that wait        ${formatPercent(report.p_wait)}`,
    `  jobs waiting, mean    ${formatNumber(report.lq)}`,
    `  jobs in all, mean     ${formatNumber(report.l)}`,
    '',
    `  ${''.padEnd(10)}${['mean', 'p50', 'p90', 'p95', 'p99'].map((name) => name.padStart(11)).join('')}`,
    row('wait', report.wait_s, report.wq_s),
    row('response', report.response_s, report.w_s),
    ...(report.caution === undefined ? [] : ['', `caution: ${report.caution}`]),
    '',
  ].join('\n');
}

/** Seconds in the unit that reads best. */
export function formatSec(sec: number): string {
  if (sec === 0) return '0 s';
  if (sec < 1e-3) return `${formatNumber(sec * 1e6)} µs`;
  if (sec < 1) return `${formatNumber(sec * 1e3)} ms`;
  if (sec < 600) return `${formatNumber(sec)} s`;
  if (sec < 36_000) return `${formatNumber(sec / 60)} min`;
  return `${formatNumber(sec / 3600)} h`;
}

export function formatPercent(share: number): string {
  return `${formatNumber(100 * share)} %`;
}

/** Four digits, without an exponent where that can be helped. */
export function formatNumber(value: number): string {
  const rounded = Number(value.toPrecision(4));
  return Math.abs(rounded) >= 1e-4 || rounded === 0 ? String(rounded) : rounded.toExponential(2);
}
