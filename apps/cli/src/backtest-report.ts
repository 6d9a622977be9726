import type { Backtest } from '@capplan/replay';
import { backtestTable } from './backtest-output.ts';
import { type ChartPoint, chartPage, drawChart, escaped } from './chart.ts';

/** Points of a chart: more than the eye can tell apart only make the file large. */
const pointsMax = 2000;

/** The whole backtest as a page with charts: demand and its forecast, workers, backlog, response times. */
export function backtestReport(result: Backtest): string {
  const { planner, rivals, setting } = result;
  const time = { kind: 'time', label: 'time (UTC)' } as const;
  const { minutes } = planner.run;
  const minuteSeries = (values: (minute: (typeof minutes)[number]) => number, run = planner.run): ChartPoint[] =>
    thinned(run.minutes.map((minute, i) => ({ x: result.startMs + i * 60_000, y: values(minute) })));
  const { oracle } = rivals;

  const demand = drawChart({
    title: 'Arrivals and what was foreseen',
    subtitle: `forecast ${result.forecast.leadSec} s ahead, with the band that should hold nine minutes out of ten`,
    xAxis: time,
    yAxis: { label: 'jobs per second' },
    layers: [
      {
        kind: 'band',
        label: '90 % band',
        color: '#d55e00',
        points: thinnedBand(
          result.forecastPoints.map(({ atSec, lowPerSec, highPerSec }) => ({
            x: result.startMs + atSec * 1000,
            low: lowPerSec,
            high: highPerSec,
          })),
        ),
      },
      {
        kind: 'line',
        label: 'arrivals',
        color: '#57606a',
        width: 1,
        points: minuteSeries(({ arrivals }) => arrivals / 60),
      },
      {
        kind: 'line',
        label: 'forecast',
        color: '#d55e00',
        width: 1.4,
        points: thinned(
          result.forecastPoints.map(({ atSec, meanPerSec }) => ({ x: result.startMs + atSec * 1000, y: meanPerSec })),
        ),
      },
    ],
  });
  const workers = drawChart({
    title: 'Workers',
    subtitle: 'ordered and not yet gone, at the end of each minute',
    xAxis: time,
    yAxis: { label: 'workers' },
    layers: [
      ...(oracle
        ? [
            {
              kind: 'step' as const,
              label: 'oracle',
              color: '#009e73',
              width: 1,
              points: minuteSeries((m) => m.workersPaid, oracle.run),
            },
          ]
        : []),
      { kind: 'step', label: 'capplan', color: '#0072b2', width: 1.4, points: minuteSeries((m) => m.workersPaid) },
    ],
  });
  const backlog = drawChart({
    title: 'Backlog',
    subtitle: 'jobs waiting at the end of each minute, the highest where minutes share a point',
    xAxis: time,
    yAxis: { label: 'jobs' },
    layers: [{ kind: 'line', label: 'waiting', color: '#cc79a7', points: minuteSeries((m) => m.waiting) }],
  });
  const response = drawChart({
    title: 'Response time',
    subtitle: `95 % quantile of each minute; the target is ${setting.targetSec} s for the ${setting.latencyOf}`,
    xAxis: time,
    yAxis: { label: 'seconds' },
    layers: [
      { kind: 'line', label: 'p95 of the response', color: '#0072b2', points: minuteSeries((m) => m.responseSecP95) },
      {
        kind: 'line',
        label: 'target',
        color: '#d55e00',
        dashed: true,
        points: [
          { x: result.startMs, y: setting.targetSec },
          { x: result.startMs + minutes.length * 60_000, y: setting.targetSec },
        ],
      },
    ],
  });
  return chartPage({
    title: `${result.trace}: backtest`,
    sections: [`<pre>${escaped(backtestTable(result))}</pre>`, demand, workers, backlog, response],
  });
}

/** Keeps the highest of each group of neighbours: a report must not hide the worst minute. */
function thinned(points: ChartPoint[]): ChartPoint[] {
  const group = Math.ceil(points.length / pointsMax);
  if (group <= 1) return points;
  const kept: ChartPoint[] = [];
  for (let i = 0; i < points.length; i += group) {
    let highest = points[i] as ChartPoint;
    for (const point of points.slice(i, i + group)) if (!(highest.y >= point.y)) highest = point;
    kept.push({ x: (points[i] as ChartPoint).x, y: highest.y });
  }
  return kept;
}

function thinnedBand(points: { x: number; low: number; high: number }[]): { x: number; low: number; high: number }[] {
  const group = Math.ceil(points.length / pointsMax);
  const kept: { x: number; low: number; high: number }[] = [];
  for (let i = 0; i < points.length; i += group) {
    const members = points.slice(i, i + group);
    kept.push({
      x: (members[0] as { x: number }).x,
      low: Math.min(...members.map(({ low }) => low)),
      high: Math.max(...members.map(({ high }) => high)),
    });
  }
  return kept;
}
