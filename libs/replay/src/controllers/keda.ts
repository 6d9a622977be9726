import type { Controller } from './controller.ts';
import { createScalingBehaviour } from './scaling-behaviour.ts';

export interface KedaSettings {
  minWorkers: number;
  maxWorkers: number;
  initialWorkers: number;
  /** Slots of one worker. */
  concurrency: number;
  /** Jobs, waiting or running, that one slot should have to itself; default 1. */
  jobsPerSlot?: number;
  /** Seconds between two looks at the queue; default 30. */
  pollSec?: number;
  /** No change while measured / target stays within 1 ± this; default 0.1, as the HPA that KEDA feeds. */
  tolerance?: number;
}

/** Slack for what binary fractions do to 11 / 10. */
const rounding = 1e-9;

/**
 * KEDA's queue-length rule: desired = ⌈jobs / jobs per worker⌉, jobs being those waiting and those running (as broker
 * scalers count unacknowledged messages), carried out by an HPA with its default behaviour.
 *
 * @see KEDA documentation, "Scaling Deployments", pollingInterval 30 s, and the Kubernetes HPA for external metrics
 *   of type AverageValue
 */
export function createKeda(settings: KedaSettings): Controller {
  const { minWorkers, maxWorkers, concurrency, jobsPerSlot = 1, pollSec = 30, tolerance = 0.1 } = settings;
  const behaviour = createScalingBehaviour({ minWorkers, maxWorkers });
  return {
    name: `keda ${jobsPerSlot}`,
    everySec: pollSec,
    initialWorkers: settings.initialWorkers,
    decide: (view) => {
      const current = view.readyWorkers + view.startingWorkers;
      const wanted = (view.waiting + view.busySlots) / (jobsPerSlot * concurrency);
      const near = current > 0 && Math.abs(wanted / current - 1) <= tolerance + rounding;
      return behaviour.settle({
        atSec: view.atSec,
        current,
        recommendation: near ? current : Math.ceil(wanted - rounding),
      });
    },
  };
}
