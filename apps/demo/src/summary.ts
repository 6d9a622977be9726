import type { RunFigures } from './scoreboard.ts';
import { durationWords } from './screen.ts';

/** The last line of a run. Times in seconds, virtual but for `start_up_s`; money in `currency`. */
export interface RunSummary extends RunFigures {
  reactive_cost: number | null;
  reactive_slo_attainment: number | null;
  jobs_submitted: number;
  jobs_completed: number;
  jobs_lost: number;
  audit_records: number;
  audit_intact: boolean | null;
  start_up_s: number;
  virtual_hours: number;
  currency: string;
  servers: 'nats and redis' | 'in memory';
}

const figure = (value: number | null, digits = 1) => (value === null ? '–' : value.toFixed(digits));
const percent = (value: number | null) => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);

/** The summary for a person. */
export function summaryText(summary: RunSummary, targetSec: number): string {
  const rows: [string, string][] = [
    ['lived through', `${durationWords(summary.virtual_hours * 3600)} of demand`],
    [
      'objective',
      `${percent(summary.slo_attainment)} of the answers within ${targetSec} s (p95 ${figure(summary.p95_response_s, 0)} s); a reactive rule ${percent(summary.reactive_slo_attainment)}`,
    ],
    [
      'cost',
      `${figure(summary.cost, 2)} ${summary.currency} with violations, ${figure(summary.worker_hours)} worker-hours; a reactive rule ${figure(summary.reactive_cost, 2)} ${summary.currency}`,
    ],
    [
      'jobs',
      `${summary.jobs_completed} of ${summary.jobs_submitted} done, ${summary.jobs_lost} lost, at most ${figure(summary.max_backlog, 0)} waiting`,
    ],
    ['plans', `${summary.plans_proposed} proposed, ${summary.plans_carried_out} carried out`],
    ['forecast', `off by ${percent(summary.forecast_wape)} of demand, one start-up delay ahead`],
    [
      'audit',
      `${summary.audit_records} records, ${summary.audit_intact === null ? 'not verified' : summary.audit_intact ? 'chain intact' : 'CHAIN BROKEN'}`,
    ],
  ];
  return `${rows.map(([label, text]) => `  ${label.padEnd(14)} ${text}`).join('\n')}\n`;
}
