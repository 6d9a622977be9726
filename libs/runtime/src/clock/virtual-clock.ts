import type { SchedulingClock } from './scheduling-clock.ts';
import { everyOn } from './ticker.ts';
import { createTimerQueue, type Timer } from './timer-queue.ts';

/** A clock that stands still until it is told to move. */
export interface VirtualClock extends SchedulingClock {
  /** Runs what falls due within the next `ms`, in the order of time, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Lets promises settle without moving time. */
  settle(): Promise<void>;
  /** Moves from one timer to the next until the condition holds; false when it does not within `limitMs`. */
  advanceUntil(condition: () => boolean, limitMs: number): Promise<boolean>;
  /** Moves on until the promise is settled and hands its outcome over; throws when that takes longer than `limitMs`. */
  waitFor<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
}

/**
 * Time for tests: nothing waits for the machine, and the same work gives the same order of events every time.
 *
 * Assumes that what runs on it waits for this clock and for promises only. Work that the platform does in the
 * background (files, sockets, compression in threads) ends when it likes, and with it the order is no longer certain.
 *
 * @example
 * const clock = createVirtualClock({ startMs: 0 });
 * const woken = clock.sleep(60_000);
 * await clock.advance(60_000); // takes no real time
 * await woken;
 */
export function createVirtualClock({ startMs }: { startMs: number }): VirtualClock {
  const timers = createTimerQueue();
  let nowMs = startMs;
  let order = 0;
  let isMoving = false;

  const at = (timeMs: number, run: () => void): (() => void) => {
    const timer: Timer = { dueMs: Math.max(nowMs, timeMs), order: order++, run, cancelled: false };
    timers.add(timer);
    return () => {
      timer.cancelled = true;
    };
  };

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = at(nowMs + (ms > 0 ? ms : 0), () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      });
      const wake = () => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
    });
  };

  // Every promise that can settle without a timer has settled once the loop comes round.
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  const move = async (untilMs: number, condition?: () => boolean): Promise<boolean> => {
    if (isMoving) throw new Error('the virtual clock is being moved already; wait for that first');
    isMoving = true;
    try {
      await settle();
      for (;;) {
        if (condition?.()) return true;
        const next = timers.peek();
        if (!next || next.dueMs > untilMs) break;
        timers.take();
        nowMs = next.dueMs;
        next.run();
        await settle();
      }
      nowMs = untilMs;
      return false;
    } finally {
      isMoving = false;
    }
  };

  const waitFor = async <T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> => {
    let isOver = false;
    promise.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    if (!(await move(nowMs + limitMs, () => isOver))) throw new Error(`nothing came of it within ${limitMs} ms`);
    return promise;
  };

  const clock: VirtualClock = {
    nowMs: () => nowMs,
    sleep,
    every: (periodMs, task, onError) => everyOn(clock, periodMs, task, onError),
    advance: async (ms) => {
      await move(nowMs + ms);
    },
    settle,
    advanceUntil: (condition, limitMs) => move(nowMs + limitMs, condition),
    waitFor,
    at,
  };
  return clock;
}
