export interface Timer {
  dueMs: number;
  /** Among timers due at the same time, the one set first runs first. */
  order: number;
  run: () => void;
  cancelled: boolean;
}

/** Timers by the time at which they are due: a binary heap. */
export interface TimerQueue {
  add(timer: Timer): void;
  /** The next timer that was not cancelled; it stays in the queue. */
  peek(): Timer | undefined;
  take(): Timer | undefined;
}

export function createTimerQueue(): TimerQueue {
  const heap: Timer[] = [];
  const before = (a: Timer, b: Timer) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

  const add = (timer: Timer): void => {
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(timer, heap[parent] as Timer)) break;
      heap[at] = heap[parent] as Timer;
      at = parent;
    }
    heap[at] = timer;
  };

  const removeFirst = (): Timer => {
    const first = heap[0] as Timer;
    const last = heap.pop() as Timer;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
        if (!before(heap[child] as Timer, last)) break;
        heap[at] = heap[child] as Timer;
        at = child;
      }
      heap[at] = last;
    }
    return first;
  };

  const peek = (): Timer | undefined => {
    while (heap[0]?.cancelled) removeFirst();
    return heap[0];
  };
  return { add, peek, take: () => (peek() ? removeFirst() : undefined) };
}
