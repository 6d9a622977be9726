import type { Plan } from '@capplan/contracts';
import type { RunVerdict } from './judge-run.ts';
import type { BoardFigures, Moment } from './scoreboard.ts';

export interface ScreenState {
  title: string;
  /** Where the API is, and how to reach it. */
  apiUrl: string;
  notice: string | undefined;
  /** Days of history that lay behind the pool when the run began; 0 for a cold start. */
  historyDays: number;
  nowMs: number;
  startedMs: number;
  speed: number;
  targetSec: number;
  moments: readonly Moment[];
  board: BoardFigures;
  verdict: RunVerdict;
  /** What the figures do not cover, a sentence each. */
  marks: readonly string[];
  jobsSubmitted: number;
  jobsCompleted: number;
  /** What a reactive rule would have made of the same arrivals; null in the first half hour. */
  reactive: RunVerdict | null;
  currency: string;
  lastPlan: Plan | undefined;
}

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
const green = (text: string) => `\u001b[32m${text}\u001b[39m`;
const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
const cyan = (text: string) => `\u001b[36m${text}\u001b[39m`;

/** One frame of the live view as lines no wider than `columns`; below 60 columns they are cut. */
export function renderScreen(state: ScreenState, columns: number): string[] {
  const width = Math.max(60, Math.min(columns, 140));
  const chartWidth = width - 30;
  const { moments, board, verdict, reactive, currency } = state;
  const now = moments.at(-1);
  const shown = moments.slice(-chartWidth);
  const rateMax = Math.max(1e-9, ...shown.flatMap((moment) => [moment.arrivalRate, moment.forecastRate ?? 0]));
  const workersMax = Math.max(1, ...shown.flatMap((moment) => [moment.workers, moment.required ?? 0]));
  const row = (label: string, value: string, chart: string) => `  ${label.padEnd(14)}${value.padStart(10)}  ${chart}`;
  const series = (of: (moment: Moment) => number | null, max: number) => spark(shown.map(of), max);
  const p95 = now?.responseP95Sec ?? null;
  const met = p95 === null || p95 <= state.targetSec;

  const atLeast = board.windowsMeasured < board.windows ? 'at least ' : '';
  const missed = (of: RunVerdict) => `${of.minutesMissed} of ${of.minutes} minutes missed`;
  const inTime = verdict.attainment;

  const lines = [
    bold(state.title),
    dim(
      `${clockText(state.nowMs)}, ${state.speed}× real time, ${durationWords((state.nowMs - state.startedMs) / 1000)} in`,
    ),
    dim(`API ${state.apiUrl}    Ctrl-C ends the run`),
    dim(historyText(state.historyDays)),
    ...(state.notice ? wrap(state.notice, width).map(red) : []),
    '',
    row('arrivals /s', number(now?.arrivalRate, 2), cyan(series((moment) => moment.arrivalRate, rateMax))),
    row('forecast /s', number(now?.forecastRate, 2), dim(series((moment) => moment.forecastRate, rateMax))),
    row('workers', number(now?.workers, 0), green(series((moment) => moment.workers, workersMax))),
    row('required', number(now?.required, 0), dim(series((moment) => moment.required, workersMax))),
    row(
      'backlog',
      number(now?.backlog, 0),
      series((moment) => moment.backlog, Math.max(1, board.maxBacklog)),
    ),
    row(
      'p95 response',
      p95 === null ? '–' : `${p95.toFixed(0)} s`,
      (met ? green : red)(
        series(
          (moment) => moment.responseP95Sec,
          Math.max(state.targetSec, ...shown.map((moment) => moment.responseP95Sec ?? 0)),
        ),
      ),
    ),
    '',
    `  ${bold('objective')}  ${inTime === null ? '–' : (inTime >= 0.95 ? green : red)(`${(inTime * 100).toFixed(1)} %`)} within ${state.targetSec} s; ${missed(verdict)}`,
    `  ${bold('cost')}       ${atLeast}${money(verdict.cost, currency)}, ${atLeast}${verdict.workerHours.toFixed(1)} worker-hours`,
    ...(reactive
      ? [
          `  ${bold('reactive')}   ${money(reactive.cost, currency)}, ${percent(reactive.attainment)}; ${missed(reactive)}`,
        ]
      : []),
    `  ${bold('jobs')}       ${state.jobsCompleted} of ${state.jobsSubmitted} done`,
    `  ${bold('plans')}      ${board.plansProposed} proposed, ${board.plansCarriedOut} carried out`,
    ...state.marks.flatMap((mark) => wrap(`incomplete: ${mark}`, width - 4)).map((line) => red(`  ${line}`)),
    '',
    ...decisionLines(state.lastPlan, width),
  ];
  return lines.map((line) => cut(line, columns));
}

function historyText(days: number): string {
  return days > 0 ? `${days} days of history imported` : 'no history: a cold start';
}

function decisionLines(plan: Plan | undefined, width: number): string[] {
  if (!plan) return [`  ${bold('last decision')}  none yet`];
  const change =
    plan.target_workers === plan.current_workers
      ? `keep ${plan.current_workers}`
      : `${plan.current_workers} → ${plan.target_workers} workers`;
  return [
    `  ${bold('last decision')}  ${change}, ${plan.status} ${dim(plan.created_at.slice(11, 19))}`,
    ...wrap(plan.rationale, width - 4)
      .slice(0, 4)
      .map((line) => `  ${line}`),
  ];
}

function spark(values: (number | null)[], max: number): string {
  return values
    .map((value) => (value === null ? ' ' : (bars[Math.max(0, Math.min(7, Math.round((value / max) * 7)))] as string)))
    .join('');
}

/** Lines no wider than `width`, broken between words; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length + 1 > width && line !== '') {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

function number(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? '–' : value.toFixed(digits);
}

function money(value: number, currency: string): string {
  return `${value.toFixed(2)} ${currency}`;
}

function clockText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(1)} %`;
}

/** The first `width` columns of a line; colours take no room, and do not run on where they are cut off. */
function cut(line: string, width: number): string {
  const parts = line.split(/(\u001b\[\d+m)/);
  if (parts.filter((_, i) => i % 2 === 0).join('').length <= width) return line;
  let room = width - 1;
  const kept = parts.map((part, i) => {
    if (i % 2 === 1) return part;
    const shown = part.slice(0, room);
    room -= shown.length;
    return shown;
  });
  return `${kept.join('')}…`;
}

/** A length of time as people say it. */
export function durationWords(sec: number): string {
  if (sec < 120) return `${Math.round(sec)} s`;
  if (sec < 7200) return `${Math.round(sec / 60)} min`;
  if (sec < 172_800) return `${(sec / 3600).toFixed(1)} h`;
  return `${(sec / 86_400).toFixed(1)} d`;
}
