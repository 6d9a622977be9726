import type { ArrivalProcess } from './arrival-source.ts';
import { FieldReader } from './field-reader.ts';
import type { Pattern, Spike, Traffic } from './scenario.ts';

const patterns = [
  'constant',
  'sinusoidal',
  'linear',
  'spiky',
  'daily',
  'weekly',
  'custom',
  'recorded',
  'forecast',
] as const;
const processes = ['poisson', 'renewal', 'deterministic', 'batch', 'bursty'] as const;
const spikeShapes = ['instant', 'linear', 'exponential', 'bell'] as const;

/** Highest rate a pattern may have, jobs per second. */
const rate = { min: 0, max: 1e6 };
const moment = { min: 0, max: 7 * 86_400 };
const length = { min: 0.001, max: 7 * 86_400 };

/** Reads `traffic`: one pattern, or `patterns` that add up, with the process that draws arrivals from them. */
export function readTraffic(reader: FieldReader, horizonSec: number): Traffic {
  const several = reader.has('patterns');
  const process = reader.has('process') ? readProcess(reader.object('process')) : ({ kind: 'poisson' } as const);
  const multiply = reader.objects('multiply', { max: 100 }, (one) => readStretch(one, 'factor', { min: 0, max: 1000 }));
  const readPattern = (one: FieldReader) => readPatternKind(one, horizonSec);
  const read = several ? reader.objects('patterns', { min: 1, max: 20 }, readPattern) : [readPattern(reader)];
  return {
    patterns: read,
    process,
    multiply: multiply.map(({ startSec, endSec, value }) => ({ startSec, endSec, factor: value })),
  };
}

/** A stretch of time with one number that holds in it. */
export function readStretch(reader: FieldReader, name: string, bounds: { min: number; max: number }) {
  const startSec = reader.duration('from', moment);
  const endSec = reader.duration('to', moment);
  if (endSec <= startSec) reader.problem('to', 'must be later than from');
  return { startSec, endSec, value: reader.number(name, bounds) };
}

function readPatternKind(reader: FieldReader, horizonSec: number): Pattern {
  const kind = reader.choice('pattern', patterns);
  switch (kind) {
    case 'constant':
      return { kind, rate: reader.number('rate', rate) };
    case 'sinusoidal': {
      const mean = reader.number('mean', rate);
      const amplitude = reader.number('amplitude', rate);
      if (amplitude > mean) reader.problem('amplitude', `must be at most the mean, ${mean}: rates cannot be negative`);
      return {
        kind,
        mean,
        amplitude,
        // A shorter one would need too many lines to be drawn well.
        periodSec: reader.duration('period', { min: Math.max(1, horizonSec / 1000), max: 7 * 86_400 }),
        peakAtSec: reader.duration('peak_at', moment, 0),
      };
    }
    case 'linear':
      return {
        kind,
        from: reader.number('from', rate),
        to: reader.number('to', rate),
        overSec: reader.has('over') ? reader.duration('over', length) : undefined,
      };
    case 'spiky':
      return {
        kind,
        base: reader.number('base', rate),
        spikes: reader.objects('spikes', { min: 1, max: 100 }, readSpike),
      };
    case 'daily':
      return {
        kind,
        rates: reader.numbers('rates', { min: 24, max: 24 }, rate),
        startHour: reader.number('start_hour', { min: 0, max: 24 }, 0),
      };
    case 'weekly':
      return {
        kind,
        rates: reader.numbers('rates', { min: 168, max: 168 }, rate),
        startHour: reader.number('start_hour', { min: 0, max: 168 }, 0),
      };
    case 'custom': {
      const points = reader.objects('points', { min: 1, max: 20_000 }, (point) => ({
        atSec: point.duration('at', moment),
        rate: point.number('rate', rate),
      }));
      for (let i = 1; i < points.length; i++) {
        if (points[i]!.atSec <= points[i - 1]!.atSec) {
          reader.problem(`points[${i}].at`, 'must be later than the point before');
          break;
        }
      }
      return { kind, points, shape: reader.choice('shape', ['linear', 'step'], 'linear') };
    }
    case 'recorded':
      return readRecorded(reader);
    case 'forecast':
      return readForecast(reader);
  }
}

function readSpike(reader: FieldReader): Spike {
  return {
    atSec: reader.duration('at', moment),
    durationSec: reader.duration('duration', { min: 1, max: 7 * 86_400 }),
    peak: reader.number('peak', rate),
    shape: reader.choice('shape', spikeShapes, 'instant'),
    everySec: reader.has('every') ? reader.duration('every', { min: 60, max: 7 * 86_400 }) : undefined,
  };
}

function readRecorded(reader: FieldReader): Pattern {
  const exact = reader.boolean('exact', false);
  const scale = reader.number('scale', { min: 0, max: 1000 }, 1);
  if (exact && scale !== 1) reader.problem('scale', 'must be 1 where exact is true: whole counts cannot be scaled');
  return {
    kind: 'recorded',
    counts: reader.numbers('counts', { min: 1, max: 700_000 }, { min: 0, max: 1e9, integer: exact }),
    stepSec: reader.duration('step', { min: 0.1, max: 86_400 }),
    exact,
    scale,
  };
}

function readForecast(reader: FieldReader): Pattern {
  const stepSec = reader.duration('step', { min: 1, max: 86_400 });
  const table = reader.object('quantiles');
  const given = reader.raw('quantiles');
  const names = typeof given === 'object' && given !== null ? Object.keys(given) : [];
  const quantiles = names
    .map((name) => {
      const level = Number(name);
      if (!(level > 0 && level < 1)) table.problem(name, 'must be a level between 0 and 1, such as 0.9');
      return { level, rates: table.numbers(name, { min: 1, max: 20_000 }, rate) };
    })
    .sort((a, b) => a.level - b.level);
  if (quantiles.length < 1 || quantiles.length > 99) reader.problem('quantiles', 'must hold 1 to 99 levels');
  for (const { level, rates } of quantiles) {
    if (rates.length !== quantiles[0]!.rates.length) table.problem(String(level), 'must be as long as the others');
  }
  return {
    kind: 'forecast',
    stepSec,
    quantiles,
    correlation: reader.number('correlation', { min: 0, max: 0.9999 }, 0.9),
  };
}

function readProcess(reader: FieldReader): ArrivalProcess {
  const process = readProcessKind(reader.choice('kind', processes), reader);
  reader.end();
  return process;
}

function readProcessKind(kind: (typeof processes)[number], reader: FieldReader): ArrivalProcess {
  switch (kind) {
    case 'poisson':
    case 'deterministic':
      return { kind };
    case 'renewal':
      return { kind, scv: reader.number('scv', { min: 0, max: 1000 }) };
    case 'batch': {
      const sizes = reader.choice('sizes', ['geometric', 'fixed'], 'geometric');
      const meanSize = reader.number('mean_size', { min: 1, max: 1e6, integer: sizes === 'fixed' });
      return { kind, meanSize, sizes };
    }
    case 'bursty':
      return {
        kind,
        burstFactor: reader.number('burst_factor', { min: 1, max: 1000 }),
        burstSecMean: reader.duration('burst_mean', { min: 0.5, max: 7 * 86_400 }),
        quietSecMean: reader.duration('quiet_mean', { min: 0.5, max: 7 * 86_400 }),
      };
  }
}
