import type { SchedulingClock } from './scheduling-clock.ts';
import { everyOn } from './ticker.ts';

/** The longest wait that a timer of the platform can be given at once. */
const timerMsMax = 2_147_483_647;

/**
 * The machine's own time.
 *
 * @param onError is given what a task of `at` throws, which never ends the process; by default it goes to stderr
 */
export function createSystemClock(onError: (error: unknown) => void = writeError): SchedulingClock {
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    const endMs = performance.now() + ms;
    do {
      if (signal?.aborted) return;
      await wait(Math.min(Math.max(0, endMs - performance.now()), timerMsMax), signal);
    } while (performance.now() < endMs && !signal?.aborted);
  };
  const clock: SchedulingClock = {
    nowMs: () => Date.now(),
    sleep,
    every: (periodMs, task, onError) => everyOn(clock, periodMs, task, onError),
    at: (timeMs, run) => {
      const taken = new AbortController();
      void sleep(Math.max(0, timeMs - Date.now()), taken.signal)
        .then(() => {
          if (!taken.signal.aborted) run();
        })
        .catch(onError);
      return () => taken.abort();
    },
  };
  return clock;
}

function writeError(error: unknown): void {
  process.stderr.write(`A task at a time failed: ${error instanceof Error ? error.stack : String(error)}\n`);
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
