import { existsSync } from 'node:fs';
import {
  createPoolForecaster,
  type ForecastModelName,
  fitForecast,
  forecastPool,
  packPoolForecaster,
  updatePoolForecaster,
} from '@capplan/forecasting';
import { generateTrace } from '@capplan/traces';
import { firstDaysScore } from './forecasting/first-days.ts';
import { horizonsSec, rollingScore, type SeriesScore } from './forecasting/rolling-score.ts';
import { longTraces, type M4Series, m4Series } from './forecasting/series.ts';

/*
 * Accuracy, intervals and speed of the forecasts. Usage: pnpm bench forecasting FOLDER, where FOLDER holds arrival
 * traces as CSV files and, if it is to be scored too, m4_hourly_odd.wide.
 */

const compared: (ForecastModelName | 'auto')[] = [
  'auto',
  'shape_regression',
  'multi_seasonal',
  'holt_winters',
  'same_time_mean',
  'seasonal_naive_week',
  'seasonal_naive_day',
  'ewma',
];

const folder = process.argv[2];
speeds();
if (folder === undefined || !existsSync(folder)) {
  print(`\nAccuracy is skipped: ${folder === undefined ? 'no folder of traces was given' : `there is no ${folder}`}.`);
} else {
  firstDays(folder);
  accuracy(folder);
  m4(folder);
}

function accuracy(traceFolder: string): void {
  const traces = longTraces(traceFolder);
  print('\nMean absolute error relative to the copy of last week; geometric mean over the series (1 h / 24 h / 7 d)\n');
  print('| model | 1 h | 24 h | 7 d |\n|---|---|---|---|');
  let auto: SeriesScore[] = [];
  for (const model of compared) {
    const list = traces.map((trace) => rollingScore(trace, model));
    if (model === 'auto') auto = list;
    print(`| ${model} | ${horizonsSec.map((_, q) => geometricMean(list, q).toFixed(3)).join(' | ')} |`);
  }
  print('\nPer series, model auto: error ratio, coverage of the 95 % interval, interval score (MSIS, daily scale)\n');
  print('| series | error 1 h | 24 h | 7 d | coverage 1 h | 24 h | 7 d | MSIS 1 h | 24 h | 7 d |');
  print('|---|---|---|---|---|---|---|---|---|---|');
  for (const { name, errorRatio, coverage, msis } of auto) {
    print(
      `| ${name} | ${[errorRatio, coverage].flatMap((list) => list.map((x) => x.toFixed(3))).join(' | ')} | ${msis.map((x) => x.toFixed(1)).join(' | ')} |`,
    );
  }
  const means = horizonsSec.map(
    (_, q) => auto.reduce((sum, score) => sum + (score.coverage[q] as number), 0) / auto.length,
  );
  const medians = horizonsSec.map((_, q) => median(auto.map(({ msis }) => msis[q] as number)));
  print(
    `\nMean coverage ${means.map((x) => x.toFixed(3)).join(' / ')}; median MSIS ${medians.map((x) => x.toFixed(2)).join(' / ')}.`,
  );
  print(`Fit and 7-day forecast of these series: median ${median(auto.flatMap(({ fitMs }) => fitMs)).toFixed(1)} ms.`);
}

function firstDays(traceFolder: string): void {
  const traces = longTraces(traceFolder);
  print('\nPools of few days, model auto: error relative to holding the newest value, coverage of the 95 % interval\n');
  print('| days of history | first hour | first day | coverage | cases |\n|---|---|---|---|---|');
  for (const days of [1, 2, 3, 5, 8]) {
    const { hour, day, coverage, cases } = firstDaysScore(traces, days, 'auto');
    print(`| ${days} | ${hour.toFixed(2)} | ${day.toFixed(2)} | ${coverage.toFixed(3)} | ${cases} |`);
  }
}

function m4(traceFolder: string): void {
  const series = m4Series(traceFolder);
  if (series.length === 0) return;
  print(`\nM4 hourly, ${series.length} series, 48 hours ahead: MASE\n\n| model | mean | median |\n|---|---|---|`);
  for (const model of ['auto', 'shape_regression', 'holt_winters', 'multi_seasonal', 'seasonal_naive_day'] as const) {
    const errors = series.map((one) => m4Error(one, model));
    print(
      `| ${model} | ${(errors.reduce((a, b) => a + b, 0) / errors.length).toFixed(3)} | ${median(errors).toFixed(3)} |`,
    );
  }
}

function m4Error({ id, train, test }: M4Series, model: ForecastModelName | 'auto'): number {
  const result = fitForecast(
    { startMs: 0, intervalSec: 3600, ratesPerSec: train },
    { horizonSteps: test.length, model },
  );
  if (!result.ok) throw new Error(`${id}: ${result.detail}`);
  let scale = 0;
  for (let i = 24; i < train.length; i++) scale += Math.abs((train[i] as number) - (train[i - 24] as number));
  scale /= train.length - 24;
  const error = test.reduce((sum, actual, i) => sum + Math.abs(actual - (result.forecast.meanPerSec[i] as number)), 0);
  return error / test.length / scale;
}

/** Processor time of this process, which other work on the machine disturbs less than it does the clock on the wall. */
function busyMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function speeds(): void {
  const trace = generateTrace({ seed: 1, days: 42, intervalSec: 900 });
  const steps = trace.ratesPerSec.length;
  const fitMs = Array.from({ length: 20 }, (_, run) =>
    busyMs(() => fitForecast({ ...trace, ratesPerSec: trace.ratesPerSec.slice(run) }, { horizonSteps: 672 })),
  );
  const state = createPoolForecaster();
  const observe = (i: number): void => {
    const ratePerSec = trace.ratesPerSec[i % steps] as number;
    updatePoolForecaster(state, { startMs: trace.startMs + i * 900_000, durationSec: 900, ratePerSec });
  };
  for (let i = 0; i < steps; i++) observe(i);
  forecastPool(state);
  const updateUs = Array.from({ length: 10 }, (_, block) =>
    busyMs(() => {
      for (let i = 0; i < 200; i++) observe(steps + block * 200 + i);
    }),
  ).map((ms) => (ms / 200) * 1000);
  forecastPool(state);
  const forecastMs = Array.from({ length: 10 }, () =>
    busyMs(() => forecastPool(state, { horizonSec: 604_800, levels: [0.95] })),
  );
  const bytes = JSON.stringify(packPoolForecaster(state)).length;
  print('Six weeks at 15 minutes, generated; processor time, least and median of the runs\n');
  print('| what | least | median |\n|---|---|---|');
  const row = (what: string, times: number[], unit: string): void =>
    print(`| ${what} | ${Math.min(...times).toFixed(1)} ${unit} | ${median(times).toFixed(1)} ${unit} |`);
  row('fit, choose and forecast 7 days (auto)', fitMs, 'ms');
  row('one more observation, a step each', updateUs, 'µs');
  row('forecast 7 days from the online state', forecastMs, 'ms');
  print(`| online state as JSON | ${(bytes / 1024).toFixed(1)} KB | |`);
}

function geometricMean(scores: readonly SeriesScore[], horizon: number): number {
  const logs = scores.map(({ errorRatio }) => Math.log(errorRatio[horizon] as number));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
