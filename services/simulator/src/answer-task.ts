import type { Simulation } from '@capplan/contracts';
import type { ServiceContext } from '@capplan/runtime';
import { checkTask } from './decide.ts';
import type { Engines, SimulationTask, TaskCall } from './ports.ts';
import type { Results } from './results.ts';

/** Answers a task: the kept answer where there is one, else a fresh run that is kept. */
export function createAnswering(context: ServiceContext, engines: Engines, results: Results) {
  const { metrics, clock, tracer } = context;
  const duration = metrics.histogram('capacity_planner_simulation_duration_seconds', 'Time to answer a simulation', [
    'horizon',
  ]);
  const answered = metrics.counter('capacity_planner_simulations_total', 'Simulations answered', ['kind', 'from']);

  return async (task: SimulationTask, call: TaskCall): Promise<Simulation> => {
    checkTask(task);
    const kept = await results.find(results.idOf(task)).catch(() => undefined);
    if (kept) {
      answered.add({ kind: task.kind, from: 'kept' });
      return kept;
    }
    const startedMs = clock.nowMs();
    const result = await tracer.span(`simulator.${task.kind}`, {}, () => engines.run(task, call));
    duration.observe((clock.nowMs() - startedMs) / 1000, { horizon: horizonOf(task) });
    answered.add({ kind: task.kind, from: 'run' });
    return results.keep(task, result);
  };
}

/** The horizon as a label: one of few values, whatever was asked for. */
function horizonOf(task: SimulationTask): string {
  const horizon = (task.kind === 'simulate' ? task.scenario : task.scenarios[0]) as { horizon?: unknown };
  return typeof horizon.horizon === 'string' && ['1h', '6h', '24h', '7d'].includes(horizon.horizon)
    ? horizon.horizon
    : 'other';
}
