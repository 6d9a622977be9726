/** Enough for a pool whose times span a factor of three at 1 %; doubled as needed. */
const FIRST_CAPACITY = 64;

/**
 * A dense run of counters indexed by whole numbers, positive or negative, that grows at both ends.
 *
 * Holds at most `bucketsMax` counters: when a wider run is needed, the lowest ones are folded into the
 * lowest that stays, so that only the smallest values lose accuracy (Masson, Rim & Lee 2019, section 2.3).
 */
export class BucketStore {
  readonly bucketsMax: number;
  #counts = new Float64Array(FIRST_CAPACITY);
  #base = 0;
  #lowest = 0;
  #highest = -1;

  constructor(bucketsMax: number) {
    this.bucketsMax = bucketsMax;
  }

  get isEmpty(): boolean {
    return this.#highest < this.#lowest;
  }

  /** Smallest index in use; 0 when empty. */
  get lowest(): number {
    return this.isEmpty ? 0 : this.#lowest;
  }

  /** Largest index in use; -1 when empty. */
  get highest(): number {
    return this.isEmpty ? -1 : this.#highest;
  }

  countAt(index: number): number {
    return index < this.#lowest || index > this.#highest ? 0 : (this.#counts[index - this.#base] as number);
  }

  add(index: number, count: number): void {
    if (index < this.#lowest || index > this.#highest || this.isEmpty) this.#extendTo(index);
    const at = Math.max(index, this.#lowest) - this.#base;
    this.#counts[at] = (this.#counts[at] as number) + count;
  }

  copyFrom(other: BucketStore): void {
    this.#counts = other.#counts.slice();
    this.#base = other.#base;
    this.#lowest = other.#lowest;
    this.#highest = other.#highest;
  }

  #extendTo(index: number): void {
    if (this.isEmpty) {
      this.#base = index - (FIRST_CAPACITY >> 1);
      this.#lowest = index;
      this.#highest = index;
      return;
    }
    const highest = Math.max(this.#highest, index);
    const lowestKept = highest - this.bucketsMax + 1;
    const lowest = Math.max(Math.min(this.#lowest, index), lowestKept);
    let folded = 0;
    for (let i = this.#lowest; i < lowest && i <= this.#highest; i++) {
      folded += this.#counts[i - this.#base] as number;
      this.#counts[i - this.#base] = 0;
    }
    if (lowest < this.#base || highest >= this.#base + this.#counts.length) this.#moveTo(lowest, highest);
    this.#lowest = lowest;
    this.#highest = highest;
    if (folded > 0) this.#counts[lowest - this.#base] = (this.#counts[lowest - this.#base] as number) + folded;
  }

  #moveTo(lowest: number, highest: number): void {
    const width = highest - lowest + 1;
    const capacity = Math.min(Math.max(FIRST_CAPACITY, 2 * width), 2 * this.bucketsMax);
    const counts = new Float64Array(capacity);
    const base = lowest - ((capacity - width) >> 1);
    for (let i = Math.max(lowest, this.#lowest); i <= this.#highest; i++) {
      counts[i - base] = this.#counts[i - this.#base] as number;
    }
    this.#counts = counts;
    this.#base = base;
  }
}
