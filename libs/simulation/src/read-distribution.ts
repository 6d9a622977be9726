import { sketchFromWire } from '@capplan/sketch';
import { FieldReader } from './field-reader.ts';
import { type Distribution, momentsOf } from './service-source.ts';

const kinds = [
  'exponential',
  'deterministic',
  'erlang',
  'hyperexponential',
  'gamma',
  'lognormal',
  'weibull',
  'pareto',
  'measured',
] as const;

const secMax = 7 * 86_400;
const meanBounds = { min: 0, max: secMax };

/**
 * Reads a distribution of times: a bare length of time is a fixed one, anything else an object with `distribution`.
 *
 * @param positive whether a mean of zero is refused
 */
export function readDistribution(parent: FieldReader, name: string, { positive }: { positive: boolean }): Distribution {
  const value = parent.raw(name);
  const before = parent.problems.length;
  const distribution =
    typeof value === 'number' || typeof value === 'string'
      ? ({ kind: 'deterministic', meanSec: parent.duration(name, meanBounds) } as const)
      : readObject(parent.object(name));
  if (parent.problems.length > before) return { kind: 'deterministic', meanSec: 1 };
  try {
    const { meanSec, scv } = momentsOf(distribution);
    if (positive && !(meanSec > 0)) parent.problem(name, 'must have a mean above 0');
    if (!(meanSec <= secMax && Number.isFinite(scv))) parent.problem(name, `must have a mean of at most ${secMax} s`);
  } catch (error) {
    parent.problem(name, error instanceof RangeError ? error.message : String(error));
  }
  return distribution;
}

function readObject(reader: FieldReader): Distribution {
  const kind = reader.choice('distribution', kinds);
  const distribution = readKind(kind, reader);
  reader.end();
  return distribution;
}

function readKind(kind: (typeof kinds)[number], reader: FieldReader): Distribution {
  const mean = () => reader.duration('mean', meanBounds);
  switch (kind) {
    case 'exponential':
    case 'deterministic':
      return { kind, meanSec: mean() };
    case 'erlang':
      return { kind, meanSec: mean(), phases: reader.number('phases', { min: 1, max: 1000, integer: true }) };
    case 'hyperexponential':
      return { kind, meanSec: mean(), scv: reader.number('scv', { min: 1, max: 1000 }) };
    case 'gamma':
    case 'lognormal':
      return { kind, meanSec: mean(), scv: reader.number('scv', { min: 0.001, max: 1000 }) };
    case 'weibull':
      return { kind, meanSec: mean(), shape: reader.number('shape', { min: 0.1, max: 100 }) };
    case 'pareto':
      return {
        kind,
        alpha: reader.number('alpha', { min: 0.01, max: 100 }),
        minSec: reader.duration('min', { min: 1e-6, max: secMax }),
        maxSec: reader.duration('max', { min: 1e-6, max: secMax }),
      };
    case 'measured':
      return readMeasured(reader);
  }
}

/** Samples, a table of quantiles at even levels, or a sketch in its wire form. */
function readMeasured(reader: FieldReader): Distribution {
  const given = ['samples_s', 'quantiles_s', 'sketch'].filter((name) => reader.has(name));
  if (given.length !== 1) {
    reader.problem('', 'a measured distribution has exactly one of samples_s, quantiles_s and sketch');
    return { kind: 'deterministic', meanSec: 1 };
  }
  const bounds = { min: 0, max: secMax };
  if (given[0] === 'samples_s') {
    return { kind: 'samples', valuesSec: reader.numbers('samples_s', { min: 1, max: 1_000_000 }, bounds) };
  }
  if (given[0] === 'quantiles_s') {
    return { kind: 'quantiles', valuesSec: reader.numbers('quantiles_s', { min: 2, max: 10_001 }, bounds) };
  }
  const read = sketchFromWire(reader.raw('sketch'));
  if (!read.ok) {
    reader.problem('sketch', read.detail);
    return { kind: 'deterministic', meanSec: 1 };
  }
  return distributionOfBuckets(read.sketch.buckets());
}

/** A measured distribution from the buckets of a sketch: uniform inside each. */
export function distributionOfBuckets(
  buckets: Iterable<{ lower: number; upper: number; count: number }>,
): Distribution {
  return {
    kind: 'bins',
    bins: Array.from(buckets, ({ lower, upper, count }) => ({ lowSec: lower, highSec: upper, weight: count })),
  };
}
