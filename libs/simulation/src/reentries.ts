import { grownFloat64, grownInt32 } from './parked-jobs.ts';

/** A job that stands in the queue again, after a failed attempt or because its worker was lost. */
export interface Reentry {
  /** Its place in the line: jobs with a smaller time go first. */
  orderSec: number;
  /** When the attempt before ended; until then the job is still in its slot. */
  sinceSec: number;
  /** It cannot start before this. */
  notBeforeSec: number;
  /** When it first arrived; response time counts from here. */
  firstArrivalSec: number;
  serviceSec: number;
  patienceSec: number;
  /** Number of the attempt to come, 1 for the first. */
  attempt: number;
}

/** The jobs that come back, ordered by their place in the line. A binary heap over recycled records. */
export class Reentries {
  #heap: number[] = [];
  #orderSec = new Float64Array(64);
  sinceSec = new Float64Array(64);
  notBeforeSec = new Float64Array(64);
  firstArrivalSec = new Float64Array(64);
  serviceSec = new Float64Array(64);
  patienceSec = new Float64Array(64);
  attempt = new Int32Array(64);
  #free: number[] = [];
  #used = 0;

  /** Handle of the first in line, or -1. */
  get first(): number {
    return this.#heap.length > 0 ? this.#heap[0]! : -1;
  }

  orderSec(handle: number): number {
    return this.#orderSec[handle]!;
  }

  /** @returns a handle, good until the record is removed */
  add(entry: Reentry): number {
    const handle = this.#free.pop() ?? this.#used++;
    if (handle >= this.attempt.length) this.#grow();
    this.#orderSec[handle] = entry.orderSec;
    this.sinceSec[handle] = entry.sinceSec;
    this.notBeforeSec[handle] = entry.notBeforeSec;
    this.firstArrivalSec[handle] = entry.firstArrivalSec;
    this.serviceSec[handle] = entry.serviceSec;
    this.patienceSec[handle] = entry.patienceSec;
    this.attempt[handle] = entry.attempt;
    this.#heap.push(handle);
    this.#rise(this.#heap.length - 1);
    return handle;
  }

  /** Removes the first in line; its fields can be read until the next `add`. */
  removeFirst(): number {
    return this.#removeAt(0);
  }

  /** Removes any record; a search through all of them, for the rare case of a lost worker. */
  remove(handle: number): void {
    const at = this.#heap.indexOf(handle);
    if (at >= 0) this.#removeAt(at);
  }

  /** Every handle, in no particular order. */
  handles(): readonly number[] {
    return this.#heap;
  }

  #removeAt(at: number): number {
    const handle = this.#heap[at]!;
    const last = this.#heap.pop()!;
    if (at < this.#heap.length) {
      this.#heap[at] = last;
      this.#sink(at);
      this.#rise(at);
    }
    this.#free.push(handle);
    return handle;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#orderSec[heap[parent]!]! <= this.#orderSec[heap[at]!]!) return;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  #sink(from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && this.#orderSec[heap[child + 1]!]! < this.#orderSec[heap[child]!]!) child++;
      if (this.#orderSec[heap[at]!]! <= this.#orderSec[heap[child]!]!) return;
      [heap[child], heap[at]] = [heap[at]!, heap[child]!];
      at = child;
    }
  }

  #grow(): void {
    const size = this.attempt.length * 2;
    this.#orderSec = grownFloat64(this.#orderSec, size);
    this.sinceSec = grownFloat64(this.sinceSec, size);
    this.notBeforeSec = grownFloat64(this.notBeforeSec, size);
    this.firstArrivalSec = grownFloat64(this.firstArrivalSec, size);
    this.serviceSec = grownFloat64(this.serviceSec, size);
    this.patienceSec = grownFloat64(this.patienceSec, size);
    this.attempt = grownInt32(this.attempt, size);
  }
}
