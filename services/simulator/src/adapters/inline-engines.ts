import { CapacityError } from '@capplan/contracts';
import { engineTask } from '../engine-task.ts';
import type { Engines } from '../ports.ts';

/** The engine in this very thread, one task after another: the twin of the threads, for tests and tiny installations. */
export function createInlineEngines(): Engines {
  let running = 0;
  return {
    run: async (task, { signal, onProgress }) => {
      running++;
      try {
        const steps = engineTask(task);
        for (;;) {
          if (signal.aborted) throw new CapacityError('cancelled', 'the caller went away, or its deadline passed');
          const step = steps.next();
          if (step.done) return step.value;
          onProgress?.(step.value);
          await Promise.resolve();
        }
      } finally {
        running--;
      }
    },
    load: () => ({ running, waiting: 0 }),
    close: async () => {},
  };
}
