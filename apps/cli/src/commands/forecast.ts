import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import {
  type DemandForecast,
  type ForecastModelName,
  fitForecast,
  forecastModels,
  type KnownEvent,
} from '@capplan/forecasting';
import { type ArrivalTrace, type FileZone, resample } from '@capplan/traces';
import { type Command, type CommandIo, exitCodes, InputError } from '../command.ts';
import { parseDurationSec, parseNumber } from '../durations.ts';
import { type ForecastRun, forecastCsv, forecastJson, forecastTable } from '../forecast-output.ts';
import { forecastPlot } from '../forecast-plot.ts';
import { measureUpdateMicroseconds } from '../forecast-timing.ts';
import { parseMoment, parseTimeZone } from '../time-zone.ts';
import { readTraceFile } from '../trace-file.ts';

const everyDefaultSec = 900;
const formats = ['table', 'csv', 'json'] as const;
const modelNames = Object.keys(forecastModels) as ForecastModelName[];

const help = `usage: capplan forecast FILE.csv [options]

Forecasts the arrival rate of a trace, with intervals, and says how far off such forecasts have been.
FILE.csv has the columns timestamp,arrival_rate (arrivals per second, oldest first; missing rows are unknown).

  --every LENGTH       interval of the forecast (default 15m, or the file's own when that is coarser)
  --horizon LENGTH     how far ahead, at most 7d (default 24h)
  --model NAME         auto (default) or one of
                       ${modelNames.join(', ').replace(/(.{60}[^,]*), /g, '$1,\n                       ')}
  --origins LIST       numbers of observations after which to forecast, such as 1000,1500, or last:28 for 28 of them
                       over the last quarter (default: one forecast, from the end); later data are not looked at
  --levels LIST        central probability of each interval (default 0.95)
  --time-zone ZONE     IANA zone such as Europe/Berlin: times that name no zone are times of it, and days and weeks
                       follow its clock (default: the clock that the file names, else UTC)
  --event FROM/TO=X    demand is multiplied by X from time FROM to TO (ISO 8601, read like the file); may be repeated
  --format FORMAT      table (default), csv or json; --json is short for --format json
  --plot FILE          draws history and forecast into an .html or .svg file that opens from disk

CSV columns: origin,step,timestamp,mean, then lo_ and hi_ for each level. origin is the number of observations used.
Lines that begin with # say what is worth knowing about the file, as 'notes' do in JSON.

example: capplan forecast trace.csv --every 15m --horizon 7d --levels 0.8,0.95 --plot forecast.html
`;

/** `capplan forecast`: forecasts a trace file offline. */
export const command: Command = {
  name: 'forecast',
  summary: 'forecast the arrival rate of a trace, with intervals',
  help,
  run,
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      every: { type: 'string' },
      horizon: { type: 'string', default: '24h' },
      model: { type: 'string', default: 'auto' },
      origins: { type: 'string' },
      levels: { type: 'string', default: '0.95' },
      'time-zone': { type: 'string' },
      event: { type: 'string', multiple: true, default: [] },
      format: { type: 'string' },
      json: { type: 'boolean', default: false },
      plot: { type: 'string' },
    },
  });
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) {
    throw new InputError(`expected one trace file, got ${positionals.length}; 'capplan help forecast' says more`);
  }
  const format = parseFormat(values.format, values.json);
  const model = parseModel(values.model);
  const levels = parseLevels(values.levels);
  const zone = parseTimeZone(values['time-zone']);
  const events = values.event.map((text) => parseEvent(text, zone));
  if (values.plot !== undefined && !/\.(html|svg)$/i.test(values.plot)) {
    throw new InputError(`--plot: '${values.plot}' must end in .html or .svg`);
  }
  const { trace: raw, notices, utcOffsetMinutesAt } = await readTraceFile(file, zone);
  const everySec =
    values.every === undefined ? Math.max(everyDefaultSec, raw.intervalSec) : parseDurationSec(values.every, '--every');
  if (everySec < 1 || everySec > 86_400) throw new InputError(`--every: '${values.every}' is not between 1s and 1d`);
  const trace = resample(raw, everySec);
  const horizonSteps = parseHorizon(values.horizon, everySec);
  const origins = parseOrigins(values.origins, trace.ratesPerSec.length);

  const runs: ForecastRun[] = [];
  for (const origin of origins) {
    const begun = performance.now();
    const result = fitForecast(
      { ...trace, ratesPerSec: trace.ratesPerSec.subarray(0, origin) },
      { horizonSteps, levels, model, events, utcOffsetMinutesAt },
    );
    if (!result.ok) throw new InputError(`${file}: ${result.detail}`);
    runs.push({ origin, forecast: result.forecast, fitMs: performance.now() - begun });
    if (io.signal.aborted) return exitCodes.interrupted;
  }
  const updateMicroseconds = measureUpdateMicroseconds(trace);
  const report = { file, trace, runs, updateMicroseconds, notices, utcOffsetMinutesAt };
  if (format === 'json') io.stdout.write(forecastJson(report));
  else if (format === 'csv') io.stdout.write(forecastCsv(report));
  else io.stdout.write(forecastTable(report));
  if (format === 'csv') {
    const fits = runs.map(({ fitMs }) => fitMs).sort((a, b) => a - b);
    const median = fits[fits.length >> 1] ?? 0;
    io.stderr.write(
      `fit ${median.toFixed(1)} ms (median of ${runs.length}), update ${updateMicroseconds.toFixed(1)} µs\n`,
    );
  }
  if (values.plot !== undefined) await plot(values.plot, trace, runs.at(-1)?.forecast, io);
  return exitCodes.ok;
}

async function plot(
  path: string,
  trace: ArrivalTrace,
  forecast: DemandForecast | undefined,
  io: CommandIo,
): Promise<void> {
  if (!forecast) return;
  await writeFile(path, forecastPlot({ trace, forecast, page: /\.html$/i.test(path) }));
  io.stderr.write(`drawn into ${path}\n`);
}

function parseFormat(text: string | undefined, json: boolean): (typeof formats)[number] {
  const format = text ?? (json ? 'json' : 'table');
  const known = formats.find((name) => name === format);
  if (!known) throw new InputError(`--format: '${format}' is none of ${formats.join(', ')}`);
  return known;
}

function parseModel(text: string): ForecastModelName | 'auto' {
  if (text === 'auto') return text;
  const known = modelNames.find((name) => name === text);
  if (!known) throw new InputError(`--model: '${text}' is none of auto, ${modelNames.join(', ')}`);
  return known;
}

function parseLevels(text: string): number[] {
  return text.split(',').map((level) => parseNumber(level, '--levels', { min: 0.01, max: 0.999 }));
}

function parseHorizon(text: string, everySec: number): number {
  const horizonSteps = Math.round(parseDurationSec(text, '--horizon') / everySec);
  if (horizonSteps < 1) throw new InputError(`--horizon: '${text}' is shorter than one interval of ${everySec}s`);
  if (horizonSteps * everySec > 7 * 86_400) throw new InputError(`--horizon: '${text}' is more than 7d`);
  return horizonSteps;
}

/** Numbers of observations to forecast from; `last:28` spreads them over the last quarter. */
function parseOrigins(text: string | undefined, steps: number): number[] {
  if (text === undefined) return [steps];
  const last = /^last:(.+)$/.exec(text)?.[1];
  if (last === undefined) {
    return text.split(',').map((part) => parseNumber(part, '--origins', { min: 1, max: steps, integer: true }));
  }
  const count = parseNumber(last, '--origins last', { min: 1, max: 10_000, integer: true });
  const from = Math.floor(steps * 0.75);
  const origins = new Set<number>();
  for (let i = 0; i < count; i++) origins.add(Math.max(1, from + Math.floor((i * (steps - from)) / count)));
  return [...origins];
}

function parseEvent(text: string, zone: FileZone | undefined): KnownEvent {
  const [, from = '', to = '', factor = ''] = /^(.+)\/(.+)=(.+)$/.exec(text) ?? [];
  if (factor === '') {
    throw new InputError(`--event: '${text}' is not FROM/TO=X such as 2026-11-27T00:00Z/2026-11-28T00:00Z=2.5`);
  }
  const [fromMs, toMs] = [parseMoment(from, '--event', zone), parseMoment(to, '--event', zone)];
  if (fromMs >= toMs) throw new InputError(`--event: in '${text}' FROM is not before TO`);
  return { fromMs, toMs, multiplier: parseNumber(factor, '--event', { min: 0, max: 1000 }) };
}
