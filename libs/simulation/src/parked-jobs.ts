/**
 * Jobs that run now and will finish in a later interval, kept in one list per interval until that interval's
 * histogram is opened. There are never more of them than busy slots, so memory does not grow with the jobs.
 */
export class ParkedJobs {
  readonly #firstOfInterval: Int32Array;
  #next = new Int32Array(64);
  #waitSec = new Float64Array(64);
  #responseSec = new Float64Array(64);
  #free = -1;
  #used = 0;

  constructor(intervals: number) {
    this.#firstOfInterval = new Int32Array(intervals + 1).fill(-1);
  }

  /** @returns a handle for `cancel` */
  park(interval: number, waitSec: number, responseSec: number): number {
    let node = this.#free;
    if (node >= 0) this.#free = this.#next[node]!;
    else {
      if (this.#used === this.#next.length) this.#grow();
      node = this.#used++;
    }
    this.#waitSec[node] = waitSec;
    this.#responseSec[node] = responseSec;
    this.#next[node] = this.#firstOfInterval[interval]!;
    this.#firstOfInterval[interval] = node;
    return node;
  }

  /** Forgets a parked job that was killed before it finished. */
  cancel(handle: number): void {
    this.#responseSec[handle] = -1;
  }

  /** Hands over the jobs that finish in this interval, and frees their places. */
  release(interval: number, take: (waitSec: number, responseSec: number) => void): void {
    let node = this.#firstOfInterval[interval]!;
    this.#firstOfInterval[interval] = -1;
    while (node >= 0) {
      const following = this.#next[node]!;
      if (this.#responseSec[node]! >= 0) take(this.#waitSec[node]!, this.#responseSec[node]!);
      this.#next[node] = this.#free;
      this.#free = node;
      node = following;
    }
  }

  #grow(): void {
    const size = this.#next.length * 2;
    this.#next = grownInt32(this.#next, size);
    this.#waitSec = grownFloat64(this.#waitSec, size);
    this.#responseSec = grownFloat64(this.#responseSec, size);
  }
}

export function grownInt32(old: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(size);
  grown.set(old);
  return grown;
}

export function grownFloat64(old: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(size);
  grown.set(old);
  return grown;
}
