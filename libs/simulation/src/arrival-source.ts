import type { RandomStream } from '@capplan/random';
import { FastRandom } from './fast-random.ts';
import type { ArrivalSource } from './job-queue.ts';
import { RatePath, type RateSegment } from './rate-path.ts';
import { createServiceSource } from './service-source.ts';

/** How jobs come, given how many are to be expected at each time. */
export type ArrivalProcess =
  /** Independent of each other: the variance of a count equals its mean. */
  | { kind: 'poisson' }
  /** Gaps of mean one between jobs, with this squared coefficient of variation: below 1 smoother than Poisson. */
  | { kind: 'renewal'; scv: number }
  /** Like clockwork, with a random phase. */
  | { kind: 'deterministic' }
  /** Poisson groups; the size is fixed, or geometric with this mean. */
  | { kind: 'batch'; meanSize: number; sizes: 'fixed' | 'geometric' }
  /**
   * Markov-modulated Poisson: the rate is `burstFactor` times its quiet level during bursts; both kinds of stretch
   * have exponential lengths. The mean rate stays what the path says.
   */
  | { kind: 'bursty'; burstFactor: number; burstSecMean: number; quietSecMean: number };

/**
 * Draws arrivals whose expected rate follows a path.
 *
 * A process of rate one is drawn in operational time and carried to real time through the inverse of the path's
 * integral, which has a closed form on straight lines. For Poisson this is exact (Çinlar 1975); for the others it
 * keeps their burstiness at every rate (Gerhardt & Nelson 2009, INFORMS Journal on Computing 21/4).
 *
 * @example createRateArrivals(RatePath.constant(150, 86_400), { kind: 'poisson' }, createRandomStream(1).fork('arrivals'))
 */
export function createRateArrivals(path: RatePath, process: ArrivalProcess, stream: RandomStream): ArrivalSource {
  switch (process.kind) {
    case 'poisson': {
      const random = new FastRandom(stream);
      return followPath(path, (out, from, to) => random.fillExponential(out, from, to, 1));
    }
    case 'renewal':
      return followPath(path, renewalGaps(process.scv, stream));
    case 'deterministic': {
      let phase: number | undefined = stream.next();
      return followPath(path, (out, from, to) => {
        out.fill(1, from, to);
        if (phase !== undefined) out[from] = phase;
        phase = undefined;
      });
    }
    case 'batch':
      return followPath(path, batchGaps(process, new FastRandom(stream)));
    case 'bursty': {
      const random = new FastRandom(stream);
      const modulated = modulate(path, process, stream.fork('bursts'));
      return followPath(modulated, (out, from, to) => random.fillExponential(out, from, to, 1));
    }
  }
}

/**
 * Arrivals that repeat recorded counts: exactly so many in each interval, placed at random inside it (as a Poisson
 * process would place them, given its count) or evenly.
 *
 * @param counts whole numbers, one per interval
 */
export function createCountArrivals(
  counts: ArrayLike<number>,
  intervalSec: number,
  stream: RandomStream,
  placement: 'random' | 'even' = 'random',
): ArrivalSource {
  for (let i = 0; i < counts.length; i++) {
    if (!(Number.isInteger(counts[i]) && counts[i]! >= 0)) {
      throw new RangeError(`counts must be whole numbers, at least 0: ${counts[i]} at position ${i}`);
    }
  }
  const random = new FastRandom(stream);
  let interval = 0;
  let left = counts[0] ?? 0;
  // Sorted uniforms one after the other (Rényi 1953): −ln(1 − u) grows by an exponential over the number still to come.
  const spent = new Float64Array(1);
  return {
    fill(out, from, to) {
      random.fillExponential(out, from, to, 1);
      for (let i = from; i < to; i++) {
        while (left === 0) {
          interval++;
          if (interval >= counts.length) return i;
          left = counts[interval]!;
          spent[0] = 0;
        }
        const count = counts[interval]!;
        spent[0]! += out[i]! / left;
        const share = placement === 'even' ? (count - left + 0.5) / count : 1 - Math.exp(-spent[0]!);
        out[i] = (interval + share) * intervalSec;
        left--;
      }
      return to;
    },
  };
}

/** Arrivals at given times, in seconds, ascending. */
export function createTimestampArrivals(timesSec: ArrayLike<number>): ArrivalSource {
  let next = 0;
  return {
    fill(out, from, to) {
      let at = from;
      while (at < to && next < timesSec.length) out[at++] = timesSec[next++]!;
      return at;
    },
  };
}

type FillGaps = (out: Float64Array, from: number, to: number) => void;

function followPath(path: RatePath, fillGaps: FillGaps): ArrivalSource {
  const { startSec, endSec, rateStart, rateEnd, area } = path;
  const segments = area.length;
  let segment = 0;
  // Operational time since the start of the segment, and the last arrival. Numbers that a closure keeps are boxed anew
  // at every write; those in an array are not.
  const kept = new Float64Array(2);
  return {
    fill(out, from, to) {
      fillGaps(out, from, to);
      let passed = kept[0]!;
      let previous = kept[1]!;
      let at = from;
      while (at < to) {
        while (segment < segments && passed + out[at]! >= area[segment]!) {
          passed -= area[segment]!;
          segment++;
        }
        if (segment >= segments) break;
        const start = startSec[segment]!;
        const here = area[segment]!;
        const rate = rateStart[segment]!;
        const slope = (rateEnd[segment]! - rate) / (endSec[segment]! - start);
        const secPerJob = 1 / rate;
        for (; at < to; at++) {
          const reached = passed + out[at]!;
          if (reached >= here) break;
          passed = reached;
          const intoSegment =
            slope === 0 ? reached * secPerJob : (2 * reached) / (rate + Math.sqrt(rate * rate + 2 * slope * reached));
          const time = start + intoSegment;
          // Rounding must not swap two jobs.
          if (time > previous) previous = time;
          out[at] = previous;
        }
      }
      kept[0] = passed;
      kept[1] = previous;
      return at;
    },
  };
}

function renewalGaps(scv: number, stream: RandomStream): FillGaps {
  if (!(scv >= 0 && scv <= 1000)) throw new RangeError(`scv must be from 0 to 1000: ${scv}`);
  if (scv === 0) return (out, from, to) => out.fill(1, from, to);
  const gaps = createServiceSource(
    scv > 1 ? { kind: 'hyperexponential', meanSec: 1, scv } : { kind: 'gamma', meanSec: 1, scv },
    stream,
  );
  return (out, from, to) => gaps.fill(out, from, to);
}

function batchGaps(
  { meanSize, sizes }: { meanSize: number; sizes: 'fixed' | 'geometric' },
  random: FastRandom,
): FillGaps {
  if (!(meanSize >= 1 && meanSize <= 1e6) || (sizes === 'fixed' && !Number.isInteger(meanSize))) {
    throw new RangeError(`meanSize must be from 1 to 1000000, and whole where sizes are fixed: ${meanSize}`);
  }
  let left = 0;
  return (out, from, to) => {
    for (let i = from; i < to; i++) {
      if (left > 0) {
        left--;
        out[i] = 0;
        continue;
      }
      const more =
        sizes === 'fixed'
          ? meanSize - 1
          : meanSize === 1
            ? 0
            : Math.floor(random.exponential() / -Math.log1p(-1 / meanSize));
      left = more;
      out[i] = random.exponential() * meanSize;
    }
  };
}

/** Draws one path of bursts and quiet stretches and multiplies it into the rate. */
function modulate(
  path: RatePath,
  { burstFactor, burstSecMean, quietSecMean }: Extract<ArrivalProcess, { kind: 'bursty' }>,
  stream: RandomStream,
): RatePath {
  if (!(burstFactor >= 1 && burstSecMean > 0 && quietSecMean > 0)) {
    throw new RangeError('bursts need burstFactor of at least 1 and lengths above 0');
  }
  const burstShare = burstSecMean / (burstSecMean + quietSecMean);
  const quiet = 1 / (1 + burstShare * (burstFactor - 1));
  const segments: RateSegment[] = [];
  let bursting = stream.next() < burstShare;
  let switchSec = stream.exponential(bursting ? burstSecMean : quietSecMean);
  for (const { startSec, endSec, ratePerSecStart, ratePerSecEnd } of path.segments()) {
    const slope = endSec > startSec ? (ratePerSecEnd - ratePerSecStart) / (endSec - startSec) : 0;
    let at = startSec;
    while (at < endSec) {
      const until = Math.min(endSec, switchSec);
      const level = bursting ? quiet * burstFactor : quiet;
      segments.push({
        startSec: at,
        endSec: until,
        ratePerSecStart: level * (ratePerSecStart + slope * (at - startSec)),
        ratePerSecEnd: Math.max(0, level * (ratePerSecStart + slope * (until - startSec))),
      });
      at = until;
      if (at === switchSec) {
        bursting = !bursting;
        switchSec += stream.exponential(bursting ? burstSecMean : quietSecMean);
      }
    }
  }
  return new RatePath(segments);
}
