import { Worker } from 'node:worker_threads';
import { CapacityError, type ErrorCode } from '@capplan/contracts';
import type { Engines, SimulationTask, TaskCall } from '../ports.ts';
import type { FromThread, ThreadData, ToThread } from './engine-thread.ts';

interface Waiting {
  task: SimulationTask;
  call: TaskCall;
  /** Gives its place in the queue back: whoever has gone waits no more. */
  leave(): void;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Seat {
  worker: Worker;
  unwanted: Int32Array;
  current: { id: number; waiting: Waiting; forget(): void } | undefined;
}

// A thread runs the built code even when this file is run from its source: a loader of the parent does not reach it.
const entry = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/adapters/engine-thread.js' : './engine-thread.js',
  import.meta.url,
);

/** Engines in threads, one task each at a time. A thread that dies fails its task, retryably, and is replaced. */
export function createThreadEngines({ threads, queueMax }: { threads: number; queueMax: number }): Engines {
  const queue: Waiting[] = [];
  const seats = new Set<Seat>();
  let nextId = 1;
  let closed = false;

  const settle = (seat: Seat): Waiting | undefined => {
    const current = seat.current;
    seat.current = undefined;
    current?.forget();
    return current?.waiting;
  };

  const open = (): Seat => {
    const unwanted = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(entry, { workerData: { unwanted } satisfies ThreadData, execArgv: [] });
    const seat: Seat = { worker, unwanted, current: undefined };
    seats.add(seat);
    worker.unref();
    worker.on('message', (message: FromThread) => {
      if (message.id !== seat.current?.id) return;
      if (message.say === 'progress') return seat.current.waiting.call.onProgress?.(message.progress);
      const waiting = settle(seat);
      if (message.say === 'done') waiting?.resolve(message.result);
      else if (message.say === 'cancelled') waiting?.reject(cancelled());
      else waiting?.reject(new CapacityError(message.code as ErrorCode, message.message, { detail: message.detail }));
      serve();
    });
    let failure: unknown;
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      seats.delete(seat);
      settle(seat)?.reject(
        new CapacityError('unavailable', 'the engine died under this request; try again', { cause: failure }),
      );
      if (!closed) serve();
    });
    return seat;
  };

  const serve = (): void => {
    while (queue.length > 0) {
      const free = [...seats].find((seat) => seat.current === undefined) ?? (seats.size < threads ? open() : undefined);
      if (!free) return;
      const waiting = queue.shift() as Waiting;
      const { signal } = waiting.call;
      signal.removeEventListener('abort', waiting.leave);
      const id = nextId++;
      const raise = () => {
        Atomics.store(free.unwanted, 0, id);
        // The caller need not wait until the thread has noticed; its late answer is not heard.
        waiting.reject(cancelled());
      };
      signal.addEventListener('abort', raise, { once: true });
      free.current = { id, waiting, forget: () => signal.removeEventListener('abort', raise) };
      free.worker.postMessage({ id, task: waiting.task } satisfies ToThread);
    }
  };

  return {
    run: (task, call) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new CapacityError('unavailable', 'the simulator is stopping'));
        if (call.signal.aborted) return reject(cancelled());
        const running = [...seats].filter((seat) => seat.current).length;
        if (running >= threads && queue.length >= queueMax) {
          return reject(
            new CapacityError('busy', `all ${threads} engines are at work and ${queue.length} requests wait`),
          );
        }
        const leave = () => {
          const place = queue.indexOf(waiting);
          if (place >= 0) queue.splice(place, 1);
          reject(cancelled());
        };
        const waiting: Waiting = { task, call, leave, resolve, reject };
        call.signal.addEventListener('abort', leave, { once: true });
        queue.push(waiting);
        serve();
      }),
    load: () => ({ running: [...seats].filter((seat) => seat.current).length, waiting: queue.length }),
    close: async () => {
      closed = true;
      for (const waiting of queue.splice(0))
        waiting.reject(new CapacityError('unavailable', 'the simulator is stopping'));
      await Promise.all([...seats].map((seat) => seat.worker.terminate()));
    },
  };
}

function cancelled(): CapacityError {
  return new CapacityError('cancelled', 'the caller went away, or its deadline passed');
}
