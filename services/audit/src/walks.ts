import { CapacityError } from '@capplan/contracts';
import type { Clock } from '@capplan/runtime';

export interface Walks {
  /**
   * Lets a walk through the log begin when there is a place for it.
   *
   * @param walk is given the time at which nobody waits for it any more, ms since the epoch: whoever asked and went away
   * costs no more than that
   * @throws CapacityError `busy` when as many wait as may, or no place became free in time
   */
  run<T>(walk: (untilMs: number) => Promise<T>): Promise<T>;
}

/**
 * Bounds how many read the log at the same time, because each holds some mebibytes of it.
 *
 * @param answerMs how long an asker waits
 */
export function createWalks(
  clock: Pick<Clock, 'nowMs' | 'sleep'>,
  { atOnce, waitingMax, answerMs }: { atOnce: number; waitingMax: number; answerMs: number },
): Walks {
  let running = 0;
  const waiting: (() => void)[] = [];

  const place = async (untilMs: number): Promise<void> => {
    if (running < atOnce) {
      running += 1;
      return;
    }
    if (waiting.length >= waitingMax) {
      throw new CapacityError('busy', `${running} read the audit log, and ${waiting.length} wait; try again`);
    }
    const found = new AbortController();
    // Whoever ends hands its place over: `running` stays.
    const take = () => found.abort();
    waiting.push(take);
    await clock.sleep(untilMs - clock.nowMs(), found.signal);
    if (found.signal.aborted) return;
    waiting.splice(waiting.indexOf(take), 1);
    throw new CapacityError('busy', `${running} read the audit log, and none of them was ready in time; try again`);
  };

  return {
    run: async (walk) => {
      const untilMs = clock.nowMs() + answerMs;
      await place(untilMs);
      try {
        return await walk(untilMs);
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
