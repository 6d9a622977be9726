import type { Controller, PoolView } from './controller.ts';
import { createScalingBehaviour } from './scaling-behaviour.ts';

/** Settings of the HPA rule; everything but the bounds has Kubernetes' documented default. */
export interface HpaSettings {
  minWorkers: number;
  maxWorkers: number;
  initialWorkers: number;
  /** Slots of one worker. */
  concurrency: number;
  /** Utilisation aimed at; default 0.7. */
  targetUtilization?: number;
  /** No change while measured / target stays within 1 ± this; default 0.1. */
  tolerance?: number;
  /** Seconds between two looks; default 15. */
  syncSec?: number;
}

/** Slack for what binary fractions do to 11 / 10. */
const rounding = 1e-9;

/**
 * Kubernetes' Horizontal Pod Autoscaler on utilisation: desired = ⌈workers × measured / target⌉.
 *
 * Utilisation is the mean of busy slots over slots of ready workers since the last look. Workers that are still
 * starting count as idle when scaling out and not at all when scaling in, as the documentation says of pods that are
 * not yet ready.
 *
 * @see Kubernetes documentation, Horizontal Pod Autoscaling, "Algorithm details"
 * @example createHpa({ minWorkers: 1, maxWorkers: 100, initialWorkers: 10, concurrency: 1 })
 */
export function createHpa(settings: HpaSettings): Controller {
  const { minWorkers, maxWorkers, concurrency, targetUtilization = 0.7, tolerance = 0.1, syncSec = 15 } = settings;
  const behaviour = createScalingBehaviour({ minWorkers, maxWorkers });
  return {
    name: `hpa ${targetUtilization}`,
    everySec: syncSec,
    initialWorkers: settings.initialWorkers,
    decide: (view) => {
      const current = view.readyWorkers + view.startingWorkers;
      const recommendation = recommend(view, { concurrency, targetUtilization, tolerance });
      return behaviour.settle({ atSec: view.atSec, current, recommendation });
    },
  };
}

function recommend(
  view: PoolView,
  { concurrency, targetUtilization, tolerance }: { concurrency: number; targetUtilization: number; tolerance: number },
): number {
  const { readyWorkers, startingWorkers } = view;
  const total = readyWorkers + startingWorkers;
  if (readyWorkers === 0) return total;
  const utilization = Math.min(1, view.busySlotsMean / (readyWorkers * concurrency));
  const ratio = utilization / targetUtilization;
  if (Math.abs(ratio - 1) <= tolerance + rounding) return total;
  if (ratio < 1) return Math.min(total, Math.ceil(ratio * readyWorkers - rounding));
  const ratioWithStarting = (ratio * readyWorkers) / total;
  if (ratioWithStarting - 1 <= tolerance + rounding) return total;
  return Math.ceil(ratioWithStarting * total - rounding);
}
