import { type ServiceDistribution, scaleService, serviceMeanSec } from '@capplan/queueing';
import { InputError } from './command.ts';
import { parseNumber } from './durations.ts';
import { readTextFile } from './trace-file.ts';

/** The lines of help that every command with a `--service` option shows. */
export const serviceHelp = `  --service SHAPE      distribution of the service time (default exponential):
                       exponential | deterministic | erlang:STAGES | h2:SCV | lognormal:SCV | gamma:SCV,
                       SCV = variance / mean²; or FILE.csv with measured times in seconds, in a column
                       'value' or 'service_s' or alone; its mean is used unless --service-time is given`;

/**
 * Reads a `--service` value.
 *
 * @param text a shape, or the path of a CSV file of measured times
 * @param given.meanSec the mean service time; may be left out for a file, which is scaled to it otherwise
 * @param given.option named in errors
 * @throws InputError that says what would do; for a file with line and reason
 * @example await readServiceDistribution('lognormal:4', { meanSec: 2.1, option: '--service' })
 */
export async function readServiceDistribution(
  text: string,
  given: { meanSec?: number | undefined; option: string },
): Promise<ServiceDistribution> {
  if (/\.csv$/i.test(text)) {
    const measured = { kind: 'measured', samples: parseServiceTimes(await readTextFile(text), text) } as const;
    return given.meanSec === undefined ? measured : scaleService(measured, given.meanSec / serviceMeanSec(measured));
  }
  if (given.meanSec === undefined) {
    throw new InputError(`${given.option}: '${text}' needs a mean service time beside it; only a file brings its own`);
  }
  return parseServiceShape(text, given.meanSec, given.option);
}

/** Reads a shape that needs no file. */
export function parseServiceShape(text: string, meanSec: number, option: string): ServiceDistribution {
  if (!(meanSec > 0)) throw new InputError(`${option}: the mean service time must be above 0, got ${meanSec} s`);
  const [name = '', parameter, ...rest] = text.toLowerCase().split(':');
  const scv = (min: number) => parseNumber(parameter ?? '', `${option} ${name}`, { min, max: 10_000 });
  const isAlone = parameter === undefined;
  if (rest.length === 0) {
    switch (name) {
      case 'exponential':
      case 'm':
        if (isAlone) return { kind: 'exponential', meanSec };
        break;
      case 'deterministic':
      case 'd':
        if (isAlone) return { kind: 'deterministic', meanSec };
        break;
      case 'erlang':
        return { kind: 'erlang', meanSec, shape: parseNumber(parameter ?? '', `${option} erlang`, stages) };
      case 'h2':
      case 'hyperexponential':
        return { kind: 'hyperexponential', meanSec, scv: scv(1) };
      case 'lognormal':
      case 'ln':
        return { kind: 'lognormal', meanSec, scv: scv(0) };
      case 'gamma':
        return { kind: 'gamma', meanSec, scv: scv(0) };
    }
  }
  throw new InputError(
    `${option}: '${text}' is not a distribution; write exponential, deterministic, erlang:2, h2:4, lognormal:4, gamma:2 or FILE.csv`,
  );
}

const stages = { min: 1, max: 10_000, integer: true };

/** Reads measured service times: a column named `value` or `service_s`, or the only column there is. */
function parseServiceTimes(text: string, file: string): Float64Array {
  const samples: number[] = [];
  let column = -1;
  let isFirst = true;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const fields = line.split(',').map((field) => field.trim());
    if (isFirst) {
      isFirst = false;
      column = fields.findIndex((field) => field === 'value' || field === 'service_s');
      const isHeader = column >= 0 || fields.some((field) => Number.isNaN(Number(field)));
      if (column < 0 && fields.length === 1) column = 0;
      if (column < 0) {
        throw new InputError(`${file}:${index + 1}: no column 'value' or 'service_s' in '${line.trim()}'`);
      }
      if (isHeader) continue;
    }
    const field = fields[column];
    const value = field === undefined || field === '' ? Number.NaN : Number(field);
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new InputError(`${file}:${index + 1}: '${field ?? ''}' is not a service time in seconds (0 or more)`);
    }
    samples.push(value);
  }
  if (samples.length === 0) throw new InputError(`${file}: holds no service times`);
  if (!samples.some((value) => value > 0)) throw new InputError(`${file}: all service times are 0`);
  return Float64Array.from(samples);
}
