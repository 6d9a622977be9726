import type { DemandForecast } from '@capplan/forecasting';
import type { ArrivalTrace } from '@capplan/traces';

/** One forecast of a trace and what it took. */
export interface ForecastRun {
  /** Observations used. */
  origin: number;
  forecast: DemandForecast;
  fitMs: number;
}

export interface ForecastReport {
  file: string;
  trace: ArrivalTrace;
  runs: readonly ForecastRun[];
  updateMicroseconds: number;
}

const tableRowsMax = 28;

function timestampOf(forecast: DemandForecast, step: number): string {
  return new Date(forecast.startMs + (step - 1) * forecast.intervalSec * 1000).toISOString().replace('.000Z', 'Z');
}

/** Enough digits for any comparison, no more than a rate deserves. */
function rounded(value: number): number {
  return Number(value.toPrecision(9));
}

export function forecastCsv({ runs }: ForecastReport): string {
  const levels = runs[0]?.forecast.intervals.map(({ level }) => level) ?? [];
  const lines = [
    ['origin', 'step', 'timestamp', 'mean', ...levels.flatMap((level) => [`lo_${level}`, `hi_${level}`])].join(','),
  ];
  for (const { origin, forecast } of runs) {
    for (const [i, mean] of forecast.meanPerSec.entries()) {
      const bounds = forecast.intervals.flatMap(({ lowerPerSec, upperPerSec }) => [
        rounded(lowerPerSec[i] as number),
        rounded(upperPerSec[i] as number),
      ]);
      lines.push([origin, i + 1, timestampOf(forecast, i + 1), rounded(mean), ...bounds].join(','));
    }
  }
  return `${lines.join('\n')}\n`;
}

export function forecastJson({ file, trace, runs, updateMicroseconds }: ForecastReport): string {
  const document = {
    file,
    every_s: trace.intervalSec,
    observations: trace.ratesPerSec.length,
    update_us: rounded(updateMicroseconds),
    forecasts: runs.map(({ origin, forecast, fitMs }) => ({
      origin,
      model: forecast.model,
      fit_ms: rounded(fitMs),
      accuracy: forecast.accuracy,
      candidates: forecast.candidates.map(({ model, relativeError }) => ({
        model,
        relative_error: rounded(relativeError),
      })),
      steps: Array.from(forecast.meanPerSec, (mean, i) => ({
        step: i + 1,
        timestamp: timestampOf(forecast, i + 1),
        mean: rounded(mean),
        ...Object.fromEntries(
          forecast.intervals.flatMap(({ level, lowerPerSec, upperPerSec }) => [
            [`lo_${level}`, rounded(lowerPerSec[i] as number)],
            [`hi_${level}`, rounded(upperPerSec[i] as number)],
          ]),
        ),
      })),
    })),
  };
  return `${JSON.stringify(document)}\n`;
}

export function forecastTable({ trace, runs, updateMicroseconds }: ForecastReport, notices: readonly string[]): string {
  const lines = [`${trace.name}: ${trace.ratesPerSec.length} intervals of ${trace.intervalSec} s`];
  for (const notice of notices) lines.push(`note: ${notice}`);
  for (const run of runs) lines.push('', ...describe(run), '', ...rows(run));
  lines.push('', `one more observation is taken in within ${updateMicroseconds.toFixed(1)} µs`);
  return `${lines.join('\n')}\n`;
}

function describe({ origin, forecast, fitMs }: ForecastRun): string[] {
  const { mase, wape, coverage } = forecast.accuracy;
  const percent = (share: number | null): string => (share === null ? 'not known' : `${(100 * share).toFixed(1)} %`);
  const lines = [
    `from observation ${origin}, model ${forecast.model}, fitted in ${fitMs.toFixed(1)} ms`,
    `past errors: ${percent(wape)} of demand, ${mase === null ? 'not known' : mase.toFixed(2)} of those of a seasonal copy; 95 % intervals held ${percent(coverage)}`,
  ];
  if (forecast.candidates.length > 1) {
    const others = forecast.candidates.map(({ model, relativeError }) => `${model} ${relativeError.toFixed(2)}`);
    lines.push(`compared (error relative to naive): ${others.join(', ')}`);
  }
  return lines;
}

/** Every row when they are few, else evenly spaced ones that include the first. */
function rows({ forecast }: ForecastRun): string[] {
  const stride = Math.ceil(forecast.meanPerSec.length / tableRowsMax);
  const header = ['time', 'mean/s', ...forecast.intervals.map(({ level }) => `${level * 100} % interval`)];
  const body: string[][] = [];
  for (let i = 0; i < forecast.meanPerSec.length; i += stride) {
    body.push([
      timestampOf(forecast, i + 1),
      short(forecast.meanPerSec[i] as number),
      ...forecast.intervals.map(
        ({ lowerPerSec, upperPerSec }) => `${short(lowerPerSec[i] as number)} - ${short(upperPerSec[i] as number)}`,
      ),
    ]);
  }
  const widths = header.map((title, column) => Math.max(title.length, ...body.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return [line(header), ...body.map(line)];
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
