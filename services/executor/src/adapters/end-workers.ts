import { resolve as absolute } from 'node:path';
import { isSameProcess, markedProcesses, signalProcess } from '@capplan/runtime';
import { readProcessState } from './process-state.ts';
import { ownerVariable } from './worker-marker.ts';

const lookEveryMs = 50;

/**
 * Ends the worker processes that a killed executor has left behind: those in its state file, and those that it started
 * and did not live to write down. They are known by number and start time, or by the state file in their environment.
 * The file stays: the next executor finds in it how many workers were wanted.
 *
 * @param graceMs real ms from the request to leave until the kill; 0 kills at once
 * @returns how many there were
 */
export async function endWorkers(stateFile: string, { graceMs }: { graceMs: number }): Promise<number> {
  const state = await readProcessState(stateFile).catch(() => ({ pools: {} }));
  const written = Object.values(state.pools).flatMap(({ workers }) => workers);
  const marked = await markedProcesses(ownerVariable, absolute(stateFile));
  const found = new Map<number, string>();
  for (const { pid, birth } of [...written, ...marked]) {
    if (pid !== process.pid && (await isSameProcess(pid, birth))) found.set(pid, birth);
  }
  for (const pid of found.keys()) signalProcess(pid, graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const untilMs = performance.now() + graceMs;
  for (const [pid, birth] of found) {
    while (performance.now() < untilMs && (await isSameProcess(pid, birth))) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    if (await isSameProcess(pid, birth)) signalProcess(pid, 'SIGKILL');
  }
  return found.size;
}
