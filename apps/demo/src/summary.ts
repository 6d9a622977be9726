import { durationWords, wrap } from './screen.ts';

/** The last line of a run. Times in seconds, virtual but for `start_up_s`; money in `currency`. */
export interface RunSummary {
  /** Share of the judged jobs that were answered within the target. */
  slo_attainment: number | null;
  /** Over all decided jobs; those not finished count with their age. */
  p95_response_s: number | null;
  minutes_judged: number;
  minutes_missed: number;
  jobs_judged: number;
  jobs_late: number;
  /** Put in, and not finished when the run ended. */
  jobs_unfinished: number;
  max_backlog: number;
  worker_hours: number;
  cost: number;
  forecast_wape: number | null;
  plans_proposed: number;
  plans_carried_out: number;
  windows: number;
  windows_measured: number;
  /** Whether the figures cover everything; if not, `incomplete` says what they leave out. */
  complete: boolean;
  incomplete: string[];
  reactive_cost: number | null;
  reactive_slo_attainment: number | null;
  reactive_minutes_missed: number | null;
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

const labelWidth = 17;

/** The summary for a person, in lines no wider than `columns` (at least 60). */
export function summaryText(summary: RunSummary, targetSec: number, columns = 150): string {
  const width = Math.max(60, columns);
  const isPartial = summary.windows_measured < summary.windows;
  const atLeast = isPartial ? 'at least ' : '';
  const { currency } = summary;
  const rule =
    summary.reactive_cost === null
      ? 'not judged yet: it takes half an hour of demand'
      : `${percent(summary.reactive_slo_attainment)} in time, ${figure(summary.reactive_minutes_missed, 0)} minutes missed, ${figure(summary.reactive_cost, 2)} ${currency}`;
  const rows: [string, string][] = [
    ['lived through', `${durationWords(summary.virtual_hours * 3600)} of demand`],
    [
      'objective',
      `${percent(summary.slo_attainment)} of the jobs in time, within ${targetSec} s (p95 ${figure(summary.p95_response_s, 0)} s); ${summary.minutes_missed} of ${summary.minutes_judged} minutes missed`,
    ],
    [
      'cost',
      `${atLeast}${figure(summary.cost, 2)} ${currency}, missed minutes included; ${atLeast}${figure(summary.worker_hours)} worker-hours`,
    ],
    ['reactive rule', rule],
    [
      'jobs',
      `${summary.jobs_completed} of ${summary.jobs_submitted} done, ${summary.jobs_unfinished} not finished, ${summary.jobs_lost} lost, ${isPartial ? 'at least' : 'at most'} ${figure(summary.max_backlog, 0)} waiting`,
    ],
    ['plans', `${summary.plans_proposed} proposed, ${summary.plans_carried_out} carried out`],
    ['forecast', `off by ${percent(summary.forecast_wape)} of demand, one start-up delay ahead`],
    [
      'audit',
      `${summary.audit_records} records, ${summary.audit_intact === null ? 'not verified' : summary.audit_intact ? 'chain intact' : 'CHAIN BROKEN'}`,
    ],
    ...summary.incomplete.map((mark): [string, string] => ['incomplete', mark]),
  ];
  const explanation = [
    `In time: answered within ${targetSec} s of being put in. A minute is missed when more than 5 % of the jobs put in during`,
    "it were not, finished or not. The reactive rule is Kubernetes' Horizontal Pod Autoscaler at its defaults, simulated",
    'on the same arrivals and judged in the same way.',
  ].join(' ');
  const indent = ' '.repeat(labelWidth);
  return [
    ...rows.flatMap(([label, text]) =>
      wrap(text, width - labelWidth).map((line, i) => `${i === 0 ? `  ${label}`.padEnd(labelWidth) : indent}${line}`),
    ),
    '',
    ...wrap(explanation, width - 2).map((line) => `  ${line}`),
    '',
  ].join('\n');
}
