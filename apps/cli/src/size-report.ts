import {
  approximationCaution,
  type QueueSolution,
  type SizeOutcome,
  type SizeQuery,
  type SizeResult,
  solveGigc,
} from '@capplan/queueing';
import { formatNumber, formatPercent, formatSec, type QueueReport, queueReport } from './queue-report.ts';

/** One worker count in JSON. */
interface OutcomeReport {
  workers: number;
  servers: number;
  /** null without any worker. */
  utilization: number | null;
  p_wait: number;
  /** Share of jobs above the latency target; null without one. */
  late_share: number | null;
  /** The percentile of the latency target at this size; null without one, and when the queue grows without end. */
  latency_s: number | null;
  enough: boolean;
}

/** The JSON form of a sizing. */
export type SizeReport =
  | {
      feasible: true;
      workers: number;
      servers: number;
      binding: string;
      why: string;
      required: { constraint: string; workers: number }[];
      at_size: OutcomeReport;
      sensitivity: { one_fewer: OutcomeReport; one_more: OutcomeReport };
      /** The queue at this size; null when nothing arrives or nobody serves. */
      queue: QueueReport | null;
    }
  | { feasible: false; reason: string; constraint: string; detail: string; workers_needed: number | null };

export function sizeReport(query: SizeQuery, result: SizeResult): SizeReport {
  if (!result.ok) {
    const { reason, constraint, detail, workersNeeded } = result;
    return { feasible: false, reason, constraint, detail, workers_needed: workersNeeded ?? null };
  }
  const { workers, servers, binding, outcome, sensitivity } = result;
  const at = (count: number) => (count === servers ? queue : solved(query, count));
  const queue = solved(query, servers);
  return {
    feasible: true,
    workers,
    servers,
    binding,
    why: query.arrivalRatePerSec === 0 && workers === 0 ? 'nothing arrives' : explanations[binding],
    required: result.required.map(({ constraint, workers: needed }) => ({ constraint, workers: needed })),
    at_size: outcomeReport(query, outcome, queue),
    sensitivity: {
      one_fewer: outcomeReport(query, sensitivity.oneFewer, at(sensitivity.oneFewer.servers)),
      one_more: outcomeReport(query, sensitivity.oneMore, at(sensitivity.oneMore.servers)),
    },
    queue: queue ? queueReport(queue, approximationCaution({ service: query.service, servers })) : null,
  };
}

const explanations = {
  workers_min: 'the least that is allowed is enough',
  stability: 'with one fewer, more would arrive than can be served',
  utilization: 'with one fewer, the slots would be busier than allowed',
  drain: 'with one fewer, the backlog would not be gone in time',
  backlog: 'with one fewer, more jobs would wait than allowed',
  wait_probability: 'with one fewer, too many jobs would have to wait',
  latency: 'with one fewer, too many jobs would miss the latency target',
  availability: 'with one fewer, too few workers would be up often enough',
} as const;

function outcomeReport(query: SizeQuery, outcome: SizeOutcome, queue: QueueSolution | undefined): OutcomeReport {
  const { workers, servers, utilization, waitProbability, lateShare, isEnough } = outcome;
  let latencySec: number | null = null;
  if (query.latency && queue) {
    const { of, percentile } = query.latency;
    latencySec = of === 'wait' ? queue.waitSecQuantile(percentile) : queue.responseSecQuantile(percentile);
  }
  return {
    workers,
    servers,
    utilization: Number.isFinite(utilization) ? utilization : null,
    p_wait: waitProbability,
    late_share: lateShare ?? null,
    latency_s: latencySec,
    enough: isEnough,
  };
}

function solved(query: SizeQuery, servers: number): QueueSolution | undefined {
  if (servers === 0) return undefined;
  const { arrivalRatePerSec, service, arrivalDispersion = 1 } = query;
  const result = solveGigc({ arrivalRatePerSec, service, servers, arrivalDispersion });
  return result.ok ? result.queue : undefined;
}

/** The answer for people. */
export function sizeText(query: SizeQuery, report: SizeReport): string {
  if (!report.feasible) {
    const needed = report.workers_needed === null ? '' : `\n${report.workers_needed} workers would do.`;
    return `cannot be met (${report.reason}): ${report.detail}${needed}\n`;
  }
  const { of = 'response', percentile = 0 } = query.latency ?? {};
  const goal = query.latency ? `p${formatNumber(100 * percentile)} ${of}` : '';
  const columns = ['workers', 'utilisation', 'jobs that wait', ...(goal ? ['late', goal] : [])];
  const row = (o: OutcomeReport) => [
    String(o.workers),
    o.utilization === null ? '-' : formatPercent(o.utilization),
    formatPercent(o.p_wait),
    ...(goal ? [o.late_share === null ? '-' : formatPercent(o.late_share), latencyText(o)] : []),
  ];
  const rows = [columns, ...[report.sensitivity.one_fewer, report.at_size, report.sensitivity.one_more].map(row)];
  const table = rows.map((cells) => `  ${cells.map((cell) => cell.padStart(16)).join('')}`);
  const servers = report.servers === report.workers ? '' : ` (${report.servers} slots)`;
  return [
    `${report.workers} workers${servers}: ${report.why}`,
    '',
    ...table,
    '',
    ...report.required
      .filter((need) => need.workers > 0)
      .map((need) => `  ${need.constraint.padEnd(18)} needs ${need.workers}`),
    ...(report.queue?.caution === undefined ? [] : ['', `caution: ${report.queue.caution}`]),
    '',
  ].join('\n');
}

/** Without a latency either nothing arrives, or more than can be served. */
function latencyText({ latency_s, utilization }: OutcomeReport): string {
  if (latency_s !== null) return formatSec(latency_s);
  return utilization !== null && utilization < 1 ? '-' : 'grows';
}
