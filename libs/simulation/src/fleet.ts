import { column, type Ledger } from './ledger.ts';
import { grownFloat64, grownInt32 } from './parked-jobs.ts';

/** A worker that takes no more jobs and goes when its last one is done. */
export interface LeavingWorker {
  worker: number;
  goneAtSec: number;
  /** When each of its slots that is still busy finishes. */
  busyUntilSec: number[];
  busySlots: number[];
}

/**
 * The workers and their slots. Slots that may take jobs stand in a binary heap by the time they are next free, which
 * lies in the past for an idle slot, at the end of its job for a busy one, and at the worker's readiness for one that
 * is still starting. Taking a job replaces the top; nothing else happens per job.
 *
 * Heap positions begin at 1. A slot's number is worker × concurrency + its place in the worker.
 */
export class Fleet {
  readonly concurrency: number;
  keys = new Float64Array(16).fill(Number.POSITIVE_INFINITY);
  slots = new Int32Array(16);
  /** Slots in the heap. */
  size = 0;
  /** Workers ordered and not asked to leave: starting or ready. */
  live = 0;
  leaving: LeavingWorker[] = [];
  #readyAtSec = new Float64Array(16);
  #freeWorkers: number[] = [];
  #workersEver = 0;
  readonly #ledger: Ledger;

  constructor(concurrency: number, ledger: Ledger) {
    this.concurrency = concurrency;
    this.#ledger = ledger;
  }

  readyAtSec(worker: number): number {
    return this.#readyAtSec[worker]!;
  }

  workerOf(slot: number): number {
    return Math.floor(slot / this.concurrency);
  }

  /** Adds a worker that is paid from now on and takes jobs from `readyAtSec`. */
  order(nowSec: number, readyAtSec: number): number {
    const worker = this.#freeWorkers.pop() ?? this.#workersEver++;
    if (worker >= this.#readyAtSec.length) this.#readyAtSec = grownFloat64(this.#readyAtSec, worker * 2 + 2);
    this.#readyAtSec[worker] = readyAtSec;
    this.live++;
    this.#ledger.record(column.ordered, nowSec);
    this.#ledger.record(column.ready, readyAtSec);
    for (let place = 0; place < this.concurrency; place++) this.#push(worker * this.concurrency + place, readyAtSec);
    return worker;
  }

  /** Makes a worker start again, paid all the while; its slots are free at `readyAtSec`. */
  restart(worker: number, nowSec: number, readyAtSec: number): void {
    this.#ledger.record(column.readyGone, nowSec);
    this.#ledger.record(column.ready, readyAtSec);
    this.#readyAtSec[worker] = readyAtSec;
    for (let i = 1; i <= this.size; i++) if (this.workerOf(this.slots[i]!) === worker) this.keys[i] = readyAtSec;
    this.#heapify();
  }

  /** Live workers with their busy slots now, in the order in which they would be let go. */
  byReadinessToLeave(nowSec: number): { worker: number; starting: boolean; busySlots: number }[] {
    const busy = new Map<number, number>();
    for (let i = 1; i <= this.size; i++) {
      const worker = this.workerOf(this.slots[i]!);
      const isBusy = this.keys[i]! > nowSec && this.#readyAtSec[worker]! <= nowSec;
      busy.set(worker, (busy.get(worker) ?? 0) + (isBusy ? 1 : 0));
    }
    const workers = [...busy].map(([worker, busySlots]) => ({
      worker,
      starting: this.#readyAtSec[worker]! > nowSec,
      busySlots,
    }));
    return workers.sort(
      (a, b) =>
        Number(b.starting) - Number(a.starting) ||
        (a.starting ? this.#readyAtSec[b.worker]! - this.#readyAtSec[a.worker]! : a.busySlots - b.busySlots) ||
        b.worker - a.worker,
    );
  }

  /** Takes workers out of service: they finish what they hold and are paid until then. */
  release(workers: readonly number[], nowSec: number): LeavingWorker[] {
    const chosen = new Set(workers);
    const released = new Map<number, LeavingWorker>();
    for (const worker of workers) {
      released.set(worker, { worker, goneAtSec: nowSec, busyUntilSec: [], busySlots: [] });
    }
    let kept = 0;
    for (let i = 1; i <= this.size; i++) {
      const slot = this.slots[i]!;
      const worker = this.workerOf(slot);
      if (!chosen.has(worker)) {
        kept++;
        this.slots[kept] = slot;
        this.keys[kept] = this.keys[i]!;
        continue;
      }
      const entry = released.get(worker)!;
      if (this.keys[i]! > nowSec && this.#readyAtSec[worker]! <= nowSec) {
        entry.busyUntilSec.push(this.keys[i]!);
        entry.busySlots.push(slot);
        entry.goneAtSec = Math.max(entry.goneAtSec, this.keys[i]!);
      }
    }
    this.keys.fill(Number.POSITIVE_INFINITY, kept + 1, this.size + 1);
    this.size = kept;
    this.live -= chosen.size;
    this.#heapify();
    for (const entry of released.values()) {
      this.#ledger.record(column.gone, entry.goneAtSec);
      if (this.#readyAtSec[entry.worker]! > nowSec) {
        this.#ledger.record(column.ready, this.#readyAtSec[entry.worker]!, -1);
      } else {
        this.#ledger.record(column.readyGone, entry.goneAtSec);
      }
    }
    const list = [...released.values()];
    this.leaving.push(...list);
    return list;
  }

  /** A leaving worker goes earlier than its jobs would have let it. */
  cutShort(entry: LeavingWorker, nowSec: number): void {
    this.#ledger.record(column.gone, entry.goneAtSec, -1);
    this.#ledger.record(column.readyGone, entry.goneAtSec, -1);
    this.#ledger.record(column.gone, nowSec);
    this.#ledger.record(column.readyGone, nowSec);
    entry.goneAtSec = nowSec;
    entry.busyUntilSec = [];
    entry.busySlots = [];
  }

  /** Forgets workers that have gone, so that their numbers can be used again. */
  sweep(nowSec: number): void {
    if (this.leaving.length === 0) return;
    this.leaving = this.leaving.filter((entry) => {
      if (entry.goneAtSec > nowSec) return true;
      this.#freeWorkers.push(entry.worker);
      return false;
    });
  }

  counts(nowSec: number): { busySlots: number; ready: number; starting: number; draining: number } {
    const starting = new Set<number>();
    let busySlots = 0;
    for (let i = 1; i <= this.size; i++) {
      const worker = this.workerOf(this.slots[i]!);
      if (this.#readyAtSec[worker]! > nowSec) starting.add(worker);
      else if (this.keys[i]! > nowSec) busySlots++;
    }
    let draining = 0;
    for (const entry of this.leaving) {
      if (entry.goneAtSec <= nowSec) continue;
      draining++;
      for (const until of entry.busyUntilSec) if (until > nowSec) busySlots++;
    }
    return { busySlots, ready: this.live - starting.size, starting: starting.size, draining };
  }

  #push(slot: number, key: number): void {
    if (this.size + 2 >= this.keys.length) {
      const old = this.keys.length;
      this.keys = grownFloat64(this.keys, old * 2);
      this.keys.fill(Number.POSITIVE_INFINITY, old);
      this.slots = grownInt32(this.slots, old * 2);
    }
    let at = ++this.size;
    for (let parent = at >> 1; parent > 0 && this.keys[parent]! > key; parent = at >> 1) {
      this.keys[at] = this.keys[parent]!;
      this.slots[at] = this.slots[parent]!;
      at = parent;
    }
    this.keys[at] = key;
    this.slots[at] = slot;
  }

  #heapify(): void {
    for (let root = this.size >> 1; root > 0; root--) {
      replaceInHeap(this.keys, this.slots, this.size, root, this.keys[root]!, this.slots[root]!);
    }
  }
}

/** Puts a key at a heap position and lets it sink to where it belongs. */
export function replaceInHeap(
  keys: Float64Array,
  slots: Int32Array,
  size: number,
  position: number,
  key: number,
  slot: number,
): void {
  let at = position;
  let child = at << 1;
  while (child < size) {
    let smaller = keys[child]!;
    const right = keys[child + 1]!;
    if (right < smaller) {
      smaller = right;
      child++;
    }
    if (key <= smaller) break;
    keys[at] = smaller;
    slots[at] = slots[child]!;
    at = child;
    child = at << 1;
  }
  if (child === size && keys[child]! < key) {
    keys[at] = keys[child]!;
    slots[at] = slots[child]!;
    at = child;
  }
  keys[at] = key;
  slots[at] = slot;
}
