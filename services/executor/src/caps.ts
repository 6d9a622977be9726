import type { ReplyData } from '@capplan/contracts';
import type { ExecutorConfig } from './config.ts';
import type { Actuators } from './ports.ts';

/** What this executor takes at most, so that nobody proposes what it would refuse. */
export function capsOf(config: ExecutorConfig, actuators: Actuators): ReplyData<'executor.caps'> {
  const kinds = Object.keys(actuators) as (keyof Actuators)[];
  return {
    workers_max: config.workersMax,
    step_max: config.stepMax,
    change_share_max: config.changeShareMax,
    change_share_from: config.changeShareFrom,
    cost_per_hour_max: config.costPerHourMax,
    actuators: kinds.filter((kind) => actuators[kind].takesOrders !== false),
  };
}
