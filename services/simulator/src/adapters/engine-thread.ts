import { parentPort, workerData } from 'node:worker_threads';
import { CapacityError } from '@capplan/contracts';
import { engineTask } from '../engine-task.ts';
import type { PartialTimeline, SimulationTask } from '../ports.ts';

/* One engine in a thread of its own: takes a task, tells how far it is, and stops when its flag is raised. */

/** Real time between two messages about progress. */
const tellEveryMs = 100;

export interface ThreadData {
  /** One number, shared: the task that is no longer wanted. */
  unwanted: Int32Array;
}
export type ToThread = { id: number; task: SimulationTask };
export type FromThread =
  | { id: number; say: 'progress'; progress: PartialTimeline }
  | { id: number; say: 'done'; result: unknown }
  | { id: number; say: 'cancelled' }
  | { id: number; say: 'refused'; code: string; message: string; detail: unknown };

const { unwanted } = workerData as ThreadData;
const tell = (message: FromThread) => parentPort?.postMessage(message);

parentPort?.on('message', ({ id, task }: ToThread) => {
  try {
    const steps = engineTask(task);
    let toldMs = performance.now();
    let points: PartialTimeline['points'] = [];
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      if (Atomics.load(unwanted, 0) === id) return tell({ id, say: 'cancelled' });
      points.push(...step.value.points);
      const nowMs = performance.now();
      if (nowMs - toldMs < tellEveryMs) continue;
      toldMs = nowMs;
      tell({ id, say: 'progress', progress: { ...step.value, points } });
      points = [];
    }
    return tell({ id, say: 'done', result: step.value });
  } catch (error) {
    const known = error instanceof CapacityError ? error : undefined;
    return tell({
      id,
      say: 'refused',
      code: known?.code ?? 'internal',
      message: String(error instanceof Error ? error.message : error),
      detail: known?.detail,
    });
  }
});
