import type { DemandForecast } from '@capplan/forecasting';
import type { ArrivalTrace, ClockOffset } from '@capplan/traces';

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
  /** What is worth knowing about how the file was read. */
  notices: readonly string[];
  /** The clock that days follow; absent: UTC. */
  utcOffsetMinutesAt?: ClockOffset | undefined;
}

const tableRowsMax = 28;

/** Start of a step. Steps of whole days begin at the same time of their clock, also after it has been changed. */
function timestampOf(
  forecast: DemandForecast,
  step: number,
  { trace, utcOffsetMinutesAt }: Pick<ForecastReport, 'trace' | 'utcOffsetMinutesAt'>,
): string {
  let ms = forecast.startMs + (step - 1) * forecast.intervalSec * 1000;
  if (utcOffsetMinutesAt && forecast.intervalSec % 86_400 === 0) {
    ms -= (utcOffsetMinutesAt(ms) - utcOffsetMinutesAt(trace.startMs)) * 60_000;
  }
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** Enough digits for any comparison, no more than a rate deserves. */
function rounded(value: number): number {
  return Number(value.toPrecision(9));
}

export function forecastCsv(report: ForecastReport): string {
  const { runs, notices } = report;
  const levels = runs[0]?.forecast.intervals.map(({ level }) => level) ?? [];
  const lines = [
    ...notices.map((notice) => `# note: ${notice}`),
    ['origin', 'step', 'timestamp', 'mean', ...levels.flatMap((level) => [`lo_${level}`, `hi_${level}`])].join(','),
  ];
  for (const { origin, forecast } of runs) {
    for (const [i, mean] of forecast.meanPerSec.entries()) {
      const bounds = forecast.intervals.flatMap(({ lowerPerSec, upperPerSec }) => [
        rounded(lowerPerSec[i] as number),
        rounded(upperPerSec[i] as number),
      ]);
      lines.push([origin, i + 1, timestampOf(forecast, i + 1, report), rounded(mean), ...bounds].join(','));
    }
  }
  return `${lines.join('\n')}\n`;
}

export function forecastJson(report: ForecastReport): string {
  const { file, trace, runs, updateMicroseconds, notices } = report;
  const document = {
    file,
    every_s: trace.intervalSec,
    observations: trace.ratesPerSec.length,
    update_us: rounded(updateMicroseconds),
    notes: notices,
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
        timestamp: timestampOf(forecast, i + 1, report),
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

export function forecastTable(report: ForecastReport): string {
  const { trace, runs, updateMicroseconds, notices } = report;
  const lines = [`${trace.name}: ${trace.ratesPerSec.length} intervals of ${trace.intervalSec} s`];
  for (const notice of notices) lines.push(`note: ${notice}`);
  for (const run of runs) lines.push('', ...describe(run), '', ...rows(run, report));
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
function rows({ forecast }: ForecastRun, report: ForecastReport): string[] {
  const stride = Math.ceil(forecast.meanPerSec.length / tableRowsMax);
  const header = ['time', 'mean/s', ...forecast.intervals.map(({ level }) => `${level * 100} % interval`)];
  const body: string[][] = [];
  for (let i = 0; i < forecast.meanPerSec.length; i += stride) {
    body.push([
      timestampOf(forecast, i + 1, report),
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
