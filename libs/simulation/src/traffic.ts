import type { RandomStream } from '@capplan/random';
import { createCountArrivals, createRateArrivals } from './arrival-source.ts';
import type { ArrivalSource } from './job-queue.ts';
import { mergeArrivals } from './merge-arrivals.ts';
import { normalQuantile } from './normal-quantile.ts';
import { RatePath, type RateSegment } from './rate-path.ts';
import type { Pattern, Scenario, Spike, Traffic } from './scenario.ts';

/**
 * Opens the arrivals of one replication. Patterns add up to one rate, drawn by the traffic's process; exact histories
 * are repeated as they are and merged in.
 */
export function openTraffic(traffic: Traffic, horizonSec: number, stream: RandomStream): ArrivalSource {
  const sources: ArrivalSource[] = [];
  const paths: RatePath[] = [];
  for (const [i, pattern] of traffic.patterns.entries()) {
    if (pattern.kind === 'recorded' && pattern.exact) {
      sources.push(createCountArrivals(pattern.counts, pattern.stepSec, stream.fork(`counts ${i}`)));
    } else {
      paths.push(pathOf(pattern, horizonSec, stream.fork(`path ${i}`)));
    }
  }
  if (paths.length > 0) {
    const path = multiplied(sumOfPaths(paths, horizonSec), traffic.multiply);
    sources.unshift(createRateArrivals(path, traffic.process, stream.fork('jobs')));
  }
  return sources.length === 1 ? sources[0]! : mergeArrivals(sources);
}

/** The expected arrival rate over time; a forecast's is its median. */
export function ratePathOf(traffic: Traffic, horizonSec: number): RatePath {
  const paths = traffic.patterns.map((pattern) => pathOf(pattern, horizonSec));
  return multiplied(sumOfPaths(paths, horizonSec), traffic.multiply);
}

/** Jobs to be expected in one replication, over all pools. */
export function expectedJobs(scenario: Pick<Scenario, 'pools' | 'horizonSec'>): number {
  return scenario.pools.reduce((sum, { traffic }) => sum + ratePathOf(traffic, scenario.horizonSec).expectedJobs, 0);
}

/** The rate of one pattern; without a stream a forecast gives its median. */
function pathOf(pattern: Pattern, horizonSec: number, stream?: RandomStream): RatePath {
  switch (pattern.kind) {
    case 'constant':
      return RatePath.constant(pattern.rate, horizonSec);
    case 'sinusoidal': {
      const { mean, amplitude, periodSec, peakAtSec } = pattern;
      const turn = (2 * Math.PI) / periodSec;
      const rateAt = (t: number) => Math.max(0, mean + amplitude * Math.cos(turn * (t - peakAtSec)));
      // Two thousand lines to a period are within 2·10⁻⁶ of the curve, two hundred within 2·10⁻⁴.
      return RatePath.sampled(rateAt, horizonSec, Math.max(periodSec / 2000, horizonSec / 200_000));
    }
    case 'linear': {
      const overSec = pattern.overSec ?? horizonSec;
      return custom(
        [
          { atSec: 0, rate: pattern.from },
          { atSec: overSec, rate: pattern.to },
        ],
        horizonSec,
      );
    }
    case 'spiky':
      return sumOfPaths(
        [
          RatePath.constant(pattern.base, horizonSec),
          ...pattern.spikes.flatMap((s) => spikePaths(s, pattern.base, horizonSec)),
        ],
        horizonSec,
      );
    case 'daily':
    case 'weekly':
      return cyclic(pattern.rates, pattern.startHour, horizonSec);
    case 'custom':
      return pattern.shape === 'step' ? steps(pattern.points, horizonSec) : custom(pattern.points, horizonSec);
    case 'recorded':
      return RatePath.steps(
        pattern.counts.map((count) => (count * pattern.scale) / pattern.stepSec),
        pattern.stepSec,
      );
    case 'forecast':
      return RatePath.steps(forecastRates(pattern, stream), pattern.stepSec);
  }
}

function custom(points: readonly { atSec: number; rate: number }[], horizonSec: number): RatePath {
  const first = points[0]!;
  const last = points.at(-1)!;
  const all = [...(first.atSec > 0 ? [{ atSec: 0, rate: first.rate }] : []), ...points];
  if (last.atSec < horizonSec) all.push({ atSec: horizonSec, rate: last.rate });
  const segments: RateSegment[] = [];
  for (let i = 1; i < all.length; i++) {
    const [from, to] = [all[i - 1]!, all[i]!];
    segments.push({ startSec: from.atSec, endSec: to.atSec, ratePerSecStart: from.rate, ratePerSecEnd: to.rate });
  }
  return new RatePath(segments);
}

function steps(points: readonly { atSec: number; rate: number }[], horizonSec: number): RatePath {
  const segments: RateSegment[] = [];
  const edges = points.map(({ atSec }) => atSec);
  edges[0] = 0;
  for (const [i, { rate }] of points.entries()) {
    const endSec = edges[i + 1] ?? Math.max(horizonSec, edges[i]!);
    segments.push({ startSec: edges[i]!, endSec, ratePerSecStart: rate, ratePerSecEnd: rate });
  }
  return new RatePath(segments);
}

/** Rates by the hour, each reached in the middle of its hour. */
function cyclic(rates: readonly number[], startHour: number, horizonSec: number): RatePath {
  const points: { atSec: number; rate: number }[] = [];
  const rateAt = (hour: number): number => {
    const place = hour - 0.5;
    const low = Math.floor(place);
    const share = place - low;
    const cycle = (i: number) => rates[((i % rates.length) + rates.length) % rates.length]!;
    return cycle(low) * (1 - share) + cycle(low + 1) * share;
  };
  points.push({ atSec: 0, rate: rateAt(startHour) });
  for (let hour = Math.floor(startHour - 0.5) + 1.5; (hour - startHour) * 3600 < horizonSec; hour++) {
    const atSec = (hour - startHour) * 3600;
    if (atSec > 0) points.push({ atSec, rate: rateAt(hour) });
  }
  points.push({ atSec: horizonSec, rate: rateAt(startHour + horizonSec / 3600) });
  return custom(points, horizonSec);
}

/** What a spike adds to the base, once for each time it comes. */
function spikePaths(spike: Spike, base: number, horizonSec: number): RatePath[] {
  const { durationSec, shape } = spike;
  const height = Math.max(0, spike.peak - base);
  const profile: Record<Spike['shape'], (share: number) => number> = {
    instant: () => 1,
    linear: (share) => 1 - Math.abs(2 * share - 1),
    // Jumps up and is down to e⁻⁵, less than 1 %, at the end.
    exponential: (share) => Math.exp(-5 * share),
    // Three standard deviations to either side.
    bell: (share) => Math.exp(-0.5 * (6 * (share - 0.5)) ** 2),
  };
  const lines = shape === 'instant' ? 1 : shape === 'linear' ? 2 : 200;
  const paths: RatePath[] = [];
  for (let atSec = spike.atSec; atSec < horizonSec; atSec += spike.everySec ?? Number.POSITIVE_INFINITY) {
    const segments: RateSegment[] = [{ startSec: 0, endSec: atSec, ratePerSecStart: 0, ratePerSecEnd: 0 }];
    for (let i = 0; i < lines; i++) {
      segments.push({
        startSec: i === 0 ? atSec : atSec + (durationSec * i) / lines,
        endSec: atSec + (durationSec * (i + 1)) / lines,
        ratePerSecStart: height * profile[shape](i / lines),
        ratePerSecEnd: height * profile[shape]((i + 1) / lines),
      });
    }
    paths.push(new RatePath(segments));
  }
  return paths;
}

/**
 * One path of a forecast. Its steps share a normal score that wanders with the given correlation from step to step;
 * each step's quantiles turn the score into a rate, straight in score between the levels and beyond them.
 */
function forecastRates(
  { quantiles, correlation }: Extract<Pattern, { kind: 'forecast' }>,
  stream: RandomStream | undefined,
): number[] {
  const scores = quantiles.map(({ level }) => normalQuantile(level));
  let score = stream ? stream.normal() : 0;
  return quantiles[0]!.rates.map((_, step) => {
    if (stream && step > 0) score = correlation * score + Math.sqrt(1 - correlation ** 2) * stream.normal();
    if (quantiles.length === 1) return quantiles[0]!.rates[step]!;
    let upper = 1;
    while (upper < quantiles.length - 1 && scores[upper]! < score) upper++;
    const [low, high] = [quantiles[upper - 1]!.rates[step]!, quantiles[upper]!.rates[step]!];
    const share = (score - scores[upper - 1]!) / (scores[upper]! - scores[upper - 1]!);
    return Math.max(0, low + (high - low) * share);
  });
}

function sumOfPaths(paths: readonly RatePath[], horizonSec: number): RatePath {
  if (paths.length === 1 && paths[0]!.lengthSec <= horizonSec) return paths[0]!;
  const edges = [...new Set(paths.flatMap((path) => [...path.startSec, ...path.endSec]))]
    .concat(horizonSec)
    .filter((edge) => edge >= 0 && edge <= horizonSec)
    .sort((a, b) => a - b);
  const unique = edges.filter((edge, i) => i === 0 || edge > edges[i - 1]!);
  const cursors = paths.map(() => 0);
  const segments: RateSegment[] = [];
  for (let i = 1; i < unique.length; i++) {
    const [startSec, endSec] = [unique[i - 1]!, unique[i]!];
    let ratePerSecStart = 0;
    let ratePerSecEnd = 0;
    for (const [p, path] of paths.entries()) {
      while (cursors[p]! < path.endSec.length && path.endSec[cursors[p]!]! <= startSec) cursors[p]!++;
      const at = cursors[p]!;
      if (at >= path.endSec.length) continue;
      const from = path.startSec[at]!;
      const slope = (path.rateEnd[at]! - path.rateStart[at]!) / (path.endSec[at]! - from);
      ratePerSecStart += Math.max(0, path.rateStart[at]! + slope * (startSec - from));
      ratePerSecEnd += Math.max(0, path.rateStart[at]! + slope * (endSec - from));
    }
    segments.push({ startSec, endSec, ratePerSecStart, ratePerSecEnd });
  }
  return new RatePath(segments);
}

function multiplied(path: RatePath, multiply: Traffic['multiply']): RatePath {
  let result = path;
  for (const { startSec, endSec, factor } of multiply) {
    const segments: RateSegment[] = [];
    for (const segment of result.segments()) {
      const slope = (segment.ratePerSecEnd - segment.ratePerSecStart) / (segment.endSec - segment.startSec);
      const cuts = [segment.startSec, startSec, endSec, segment.endSec].filter(
        (cut, i) => i === 0 || i === 3 || (cut > segment.startSec && cut < segment.endSec),
      );
      for (let i = 1; i < cuts.length; i++) {
        const [from, to] = [cuts[i - 1]!, cuts[i]!];
        const times = from >= startSec && to <= endSec ? factor : 1;
        const rateAt = (t: number) => Math.max(0, segment.ratePerSecStart + slope * (t - segment.startSec));
        segments.push({
          startSec: from,
          endSec: to,
          ratePerSecStart: times * rateAt(from),
          ratePerSecEnd: times * rateAt(to),
        });
      }
    }
    result = new RatePath(segments);
  }
  return result;
}
