import type { Clock, Ticker } from '../ports/clock.ts';

/**
 * Runs a task again and again on any clock, keeping its phase: after a run that takes longer than the period, the
 * next one comes at the next whole period, and the missed ones are left out.
 */
export function everyOn(
  clock: Pick<Clock, 'nowMs' | 'sleep'>,
  periodMs: number,
  task: () => Promise<void> | void,
  onError: (error: unknown) => void,
): Ticker {
  if (!(periodMs > 0)) throw new RangeError(`a period must be longer than 0 ms, not ${periodMs}`);
  const stopped = new AbortController();
  let underWay: Promise<void> = Promise.resolve();

  const report = (error: unknown): void => {
    try {
      onError(error);
    } catch {
      // Who cannot even say that a run failed shall not end the runs to come.
    }
  };
  const run = async (): Promise<void> => {
    try {
      await task();
    } catch (error) {
      report(error);
    }
  };
  const loop = async (): Promise<void> => {
    let dueMs = clock.nowMs() + periodMs;
    while (!stopped.signal.aborted) {
      await clock.sleep(dueMs - clock.nowMs(), stopped.signal);
      if (stopped.signal.aborted) return;
      underWay = run();
      await underWay;
      const lateMs = clock.nowMs() - dueMs;
      dueMs += periodMs * (1 + Math.floor(Math.max(0, lateMs) / periodMs));
    }
  };
  void loop();
  return {
    stop: () => {
      stopped.abort();
      return underWay;
    },
  };
}
