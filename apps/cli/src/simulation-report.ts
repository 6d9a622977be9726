import type { ComparisonOutcome, PoolResult, Scenario, SimulationResult, TimelineColumn } from '@capplan/simulation';
import { type Chart, type ChartLayer, type ChartPoint, chartPage, drawChart, escaped } from './chart.ts';
import { comparisonTable, simulationTable } from './simulation-output.ts';

/** More points than the eye can tell apart only make the file large. */
const pointsMax = 1500;
const colors = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#555555',
  '#7a5195',
  '#a05d00',
  '#004d40',
];

/** One scenario as a page with charts that opens from disk. */
export function simulationReport(scenario: Scenario, result: SimulationResult): string {
  const sections = [`<h1>${escaped(result.name)}</h1>`, `<pre>${escaped(simulationTable(result))}</pre>`];
  for (const [i, pool] of result.pools.entries()) {
    const { objective } = scenario.pools[i]!;
    if (result.pools.length > 1) sections.push(`<h2>${escaped(pool.name)}</h2>`);
    sections.push(...poolCharts(result, pool, objective));
  }
  return chartPage({ title: `${result.name}: simulation`, sections });
}

/** Several scenarios on one page: what differs, the same charts with a line for each, then each scenario's figures. */
export function comparisonReport(
  scenarios: readonly Scenario[],
  comparison: Extract<ComparisonOutcome, { ok: true }>,
): string {
  const { results } = comparison;
  const sections = [
    `<h1>${escaped(results.map(({ name }) => name).join(' and '))}</h1>`,
    `<pre>${escaped(comparisonTable(comparison))}</pre>`,
  ];
  for (const [i, { name }] of scenarios[0]!.pools.entries()) {
    if (scenarios[0]!.pools.length > 1) sections.push(`<h2>${escaped(name)}</h2>`);
    const lines = (pick: (pool: PoolResult) => TimelineColumn, kind: 'line' | 'step'): ChartLayer[] =>
      results.map((result, r) => ({
        kind,
        label: result.name,
        color: colors[r % colors.length]!,
        points: series(result, pick(result.pools[i]!)),
      }));
    const target = scenarios[0]!.pools[i]!.objective;
    const spread = (title: string, label: string, layers: ChartLayer[]) =>
      chart(results[0]!, { title, yAxis: { label }, layers });
    sections.push(
      spread(
        'Workers paid',
        'workers',
        lines((pool) => pool.timeline.workersPaidMean, 'step'),
      ),
      spread(
        'Jobs waiting',
        'jobs',
        lines((pool) => pool.timeline.waitingMean, 'line'),
      ),
      spread(`95 % of ${target.latencyOf} times`, 'seconds', [
        ...lines(
          (pool) => (target.latencyOf === 'wait' ? pool.timeline.waitSecP95 : pool.timeline.responseSecP95),
          'line',
        ),
        ...targetLine(results[0]!, target.targetSec),
      ]),
    );
  }
  for (const result of results) sections.push(`<pre>${escaped(simulationTable(result))}</pre>`);
  return chartPage({ title: `${results.map(({ name }) => name).join(' and ')}: comparison`, sections });
}

function poolCharts(
  result: SimulationResult,
  pool: PoolResult,
  objective: Scenario['pools'][number]['objective'],
): string[] {
  const { timeline } = pool;
  const perSec = (column: TimelineColumn): TimelineColumn => ({
    mean: column.mean.map((value) => value / result.intervalSec),
    low: column.low.map((value) => value / result.intervalSec),
    high: column.high.map((value) => value / result.intervalSec),
  });
  const latency =
    objective.latencyOf === 'wait'
      ? ([timeline.waitSecP50, timeline.waitSecP95, timeline.waitSecP99] as const)
      : ([timeline.responseSecP50, timeline.responseSecP95, timeline.responseSecP99] as const);
  const draw = (title: string, label: string, layers: ChartLayer[], subtitle?: string) =>
    chart(result, {
      title,
      yAxis: { label },
      layers: [...brokenLayer(result, pool, layers), ...layers],
      ...(subtitle ? { subtitle } : {}),
    });
  return [
    draw('Demand', 'jobs per second', [
      { kind: 'line', label: 'arrivals', color: colors[0]!, points: series(result, perSec(timeline.arrivals)) },
      {
        kind: 'line',
        label: 'completions',
        color: colors[2]!,
        width: 1.2,
        points: series(result, perSec(timeline.completions)),
      },
    ]),
    draw('Workers', 'workers', [
      {
        kind: 'step',
        label: 'paid',
        color: colors[6]!,
        dashed: true,
        points: series(result, timeline.workersPaidMean),
      },
      { kind: 'step', label: 'ready', color: colors[0]!, points: series(result, timeline.workersReadyMean) },
    ]),
    draw('Utilisation', 'share of ready slots', [
      { kind: 'line', label: 'busy', color: colors[3]!, points: series(result, timeline.utilization) },
    ]),
    draw('Jobs waiting', 'jobs', [
      { kind: 'band', label: '95 % confidence', color: colors[1]!, points: band(result, timeline.waitingMean) },
      {
        kind: 'line',
        label: 'mean over the interval',
        color: colors[1]!,
        points: series(result, timeline.waitingMean),
      },
    ]),
    draw(
      objective.latencyOf === 'wait' ? 'Wait' : 'Response time',
      'seconds',
      [
        { kind: 'band', label: 'confidence of p95', color: colors[0]!, points: band(result, latency[1]) },
        { kind: 'line', label: 'p99', color: colors[4]!, width: 1, points: series(result, latency[2]) },
        { kind: 'line', label: 'p95', color: colors[0]!, points: series(result, latency[1]) },
        { kind: 'line', label: 'p50', color: colors[2]!, points: series(result, latency[0]) },
        ...targetLine(result, objective.targetSec),
      ],
      'of the jobs that finish in each interval',
    ),
    ...(pool.summary.costTotal.mean > 0
      ? [
          draw('Cost so far', 'money', [
            {
              kind: 'line',
              label: 'workers and violations',
              color: colors[5]!,
              points: cumulative(result, timeline.cost),
            },
          ]),
        ]
      : []),
  ];
}

function chart(result: SimulationResult, parts: Omit<Chart, 'xAxis'>): string {
  const { unit, perUnitSec } = timeUnit(result.horizonSec);
  return drawChart({
    ...parts,
    height: 320,
    xAxis: { kind: 'number', label: `${unit} since the start`, min: 0, max: result.horizonSec / perUnitSec },
  });
}

function timeUnit(horizonSec: number): { unit: string; perUnitSec: number } {
  if (horizonSec > 3 * 86_400) return { unit: 'days', perUnitSec: 86_400 };
  return horizonSec > 3 * 3600 ? { unit: 'hours', perUnitSec: 3600 } : { unit: 'minutes', perUnitSec: 60 };
}

/** Neighbours that share a point give their highest: a report must not hide the worst interval. */
function series(result: SimulationResult, { mean }: TimelineColumn): ChartPoint[] {
  const { perUnitSec } = timeUnit(result.horizonSec);
  const group = Math.ceil(mean.length / pointsMax);
  const points: ChartPoint[] = [];
  for (let i = 0; i < mean.length; i += group) {
    let y = Number.NaN;
    for (const value of mean.slice(i, i + group)) if (!(y >= value) && !Number.isNaN(value)) y = value;
    points.push({ x: (i * result.intervalSec) / perUnitSec, y });
  }
  return points;
}

function band(result: SimulationResult, { low, high }: TimelineColumn): { x: number; low: number; high: number }[] {
  const { perUnitSec } = timeUnit(result.horizonSec);
  const group = Math.ceil(low.length / pointsMax);
  const points: { x: number; low: number; high: number }[] = [];
  for (let i = 0; i < low.length; i += group) {
    points.push({
      x: (i * result.intervalSec) / perUnitSec,
      low: Math.max(0, Math.min(...low.slice(i, i + group))),
      high: Math.max(...high.slice(i, i + group)),
    });
  }
  return points;
}

function cumulative(result: SimulationResult, { mean }: TimelineColumn): ChartPoint[] {
  let sum = 0;
  return series(result, { mean: mean.map((value) => (sum += value)), low: [], high: [] });
}

function targetLine(result: SimulationResult, targetSec: number): ChartLayer[] {
  if (!Number.isFinite(targetSec)) return [];
  const { perUnitSec } = timeUnit(result.horizonSec);
  const end = result.horizonSec / perUnitSec;
  const points = [
    { x: 0, y: targetSec },
    { x: end, y: targetSec },
  ];
  return [{ kind: 'line', label: 'target', color: '#b00020', dashed: true, points }];
}

/** Shades the stretches in which the objective is broken, as high as the chart reaches. */
function brokenLayer(result: SimulationResult, pool: PoolResult, layers: readonly ChartLayer[]): ChartLayer[] {
  if (pool.breaches.length === 0) return [];
  const { perUnitSec } = timeUnit(result.horizonSec);
  let high = 0;
  for (const layer of layers) {
    for (const point of layer.points) {
      const value = 'high' in point ? point.high : point.y;
      if (value > high) high = value;
    }
  }
  const gap = { x: Number.NaN, low: Number.NaN, high: Number.NaN };
  const points = pool.breaches.flatMap(({ fromSec, toSec }) => [
    { x: fromSec / perUnitSec, low: 0, high },
    { x: toSec / perUnitSec, low: 0, high },
    gap,
  ]);
  return [{ kind: 'band', label: 'objective broken', color: '#b00020', opacity: 0.12, points }];
}
