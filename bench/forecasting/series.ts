import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ArrivalTrace, parseTrace, resample } from '@capplan/traces';

const everySec = 900;
const daysMin = 8;

/** Every trace of the folder that is long enough for a weekly comparison, at 15 minutes or its own coarser interval. */
export function longTraces(folder: string): ArrivalTrace[] {
  const traces: ArrivalTrace[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.csv')) continue;
    const parsed = parseTrace(readFileSync(join(folder, file), 'utf8'), { name: file.slice(0, -4) });
    if (!parsed.ok) continue;
    const trace = resample(parsed.trace, Math.max(everySec, parsed.trace.intervalSec));
    if (trace.ratesPerSec.length * trace.intervalSec >= daysMin * 86_400) traces.push(trace);
  }
  return traces;
}

export interface M4Series {
  id: string;
  train: Float64Array;
  test: Float64Array;
}

/** Hourly series of the M4 competition, one a line: `id;training values;48 test values`. */
export function m4Series(folder: string): M4Series[] {
  const file = join(folder, 'm4_hourly_odd.wide');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [id = '', train = '', test = ''] = line.split(';');
      return { id, train: numbers(train), test: numbers(test) };
    });
}

function numbers(text: string): Float64Array {
  return Float64Array.from(text.split(','), Number);
}
