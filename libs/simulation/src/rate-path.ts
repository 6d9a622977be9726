/** A stretch of time in which the arrival rate runs in a straight line. */
export interface RateSegment {
  startSec: number;
  endSec: number;
  ratePerSecStart: number;
  ratePerSecEnd: number;
}

/**
 * Arrival rate over time as straight lines, jumps allowed between them. Every traffic pattern becomes one of these;
 * arrivals drawn from it are exact for it.
 */
export class RatePath {
  readonly startSec: Float64Array;
  readonly endSec: Float64Array;
  readonly rateStart: Float64Array;
  readonly rateEnd: Float64Array;
  /** Jobs expected in each segment. */
  readonly area: Float64Array;
  readonly expectedJobs: number;

  /** @param segments adjoining and ascending, from 0; rates per second, ≥ 0 */
  constructor(segments: readonly RateSegment[]) {
    const size = segments.length;
    this.startSec = new Float64Array(size);
    this.endSec = new Float64Array(size);
    this.rateStart = new Float64Array(size);
    this.rateEnd = new Float64Array(size);
    this.area = new Float64Array(size);
    let total = 0;
    let at = 0;
    for (let i = 0; i < size; i++) {
      const { startSec, endSec, ratePerSecStart, ratePerSecEnd } = segments[i]!;
      if (!(startSec === at && endSec >= startSec && Number.isFinite(endSec))) {
        throw new RangeError(`rate segments must adjoin and ascend: ${startSec} s to ${endSec} s begins after ${at} s`);
      }
      if (!(ratePerSecStart >= 0 && ratePerSecEnd >= 0 && Number.isFinite(ratePerSecStart + ratePerSecEnd))) {
        throw new RangeError(`rates must be at least 0: ${ratePerSecStart} to ${ratePerSecEnd} at ${startSec} s`);
      }
      this.startSec[i] = startSec;
      this.endSec[i] = endSec;
      this.rateStart[i] = ratePerSecStart;
      this.rateEnd[i] = ratePerSecEnd;
      this.area[i] = ((ratePerSecStart + ratePerSecEnd) / 2) * (endSec - startSec);
      total += this.area[i]!;
      at = endSec;
    }
    this.expectedJobs = total;
  }

  static constant(ratePerSec: number, lengthSec: number): RatePath {
    return new RatePath([{ startSec: 0, endSec: lengthSec, ratePerSecStart: ratePerSec, ratePerSecEnd: ratePerSec }]);
  }

  /** A step for each rate, each as long as the others. */
  static steps(ratesPerSec: readonly number[], stepSec: number): RatePath {
    return new RatePath(
      ratesPerSec.map((rate, i) => ({
        startSec: i * stepSec,
        endSec: (i + 1) * stepSec,
        ratePerSecStart: rate,
        ratePerSecEnd: rate,
      })),
    );
  }

  /** Straight lines between the values of a smooth function, sampled every `stepSec`. */
  static sampled(ratePerSecAt: (timeSec: number) => number, lengthSec: number, stepSec: number): RatePath {
    const count = Math.max(1, Math.ceil(lengthSec / stepSec - 1e-9));
    const edge = (i: number) => (i === count ? lengthSec : i * stepSec);
    return new RatePath(
      Array.from({ length: count }, (_, i) => ({
        startSec: edge(i),
        endSec: edge(i + 1),
        ratePerSecStart: ratePerSecAt(edge(i)),
        ratePerSecEnd: ratePerSecAt(edge(i + 1)),
      })),
    );
  }

  get lengthSec(): number {
    return this.endSec.at(-1) ?? 0;
  }

  /** The rate at a time; at a jump the one that follows it. 0 outside the path. */
  ratePerSecAt(timeSec: number): number {
    let low = 0;
    let high = this.endSec.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.endSec[middle]! <= timeSec) low = middle + 1;
      else high = middle;
    }
    if (low === this.endSec.length || timeSec < 0) return 0;
    const share = (timeSec - this.startSec[low]!) / (this.endSec[low]! - this.startSec[low]!);
    return this.rateStart[low]! + (this.rateEnd[low]! - this.rateStart[low]!) * share;
  }

  /** When the expected number of jobs since the start passes 1, 2, 3, … times `jobs`; ascending. */
  milestones(jobs: number): number[] {
    const times: number[] = [];
    let before = 0;
    for (const [i, area] of this.area.entries()) {
      const rate = this.rateStart[i]!;
      const slope = (this.rateEnd[i]! - rate) / (this.endSec[i]! - this.startSec[i]!);
      for (let at = (times.length + 1) * jobs; at <= before + area; at += jobs) {
        const reached = at - before;
        const root = Math.sqrt(Math.max(0, rate * rate + 2 * slope * reached));
        times.push(Math.min(this.endSec[i]!, this.startSec[i]! + (2 * reached) / (rate + root)));
      }
      before += area;
    }
    return times;
  }

  segments(): RateSegment[] {
    return Array.from(this.startSec, (startSec, i) => ({
      startSec,
      endSec: this.endSec[i]!,
      ratePerSecStart: this.rateStart[i]!,
      ratePerSecEnd: this.rateEnd[i]!,
    }));
  }
}
