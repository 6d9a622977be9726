import type { ArrivalProcess } from './arrival-source.ts';
import type { RetryRule, Stretch } from './job-faults.ts';
import type { Distribution } from './service-source.ts';

/**
 * A question to the simulator, read and checked (`readScenario`). All times are seconds from the start of the run, all
 * rates per second. The written form, with an example of everything, is in docs/scenarios.md.
 */
export interface Scenario {
  name: string;
  seed: number | string;
  horizonSec: number;
  intervalSec: number;
  /** Left out of the summary; 'auto' finds where the start-up transient ends. */
  warmupSec: number | 'auto';
  replications: Replications;
  /** Most workers that all pools may have together. */
  budgetWorkers: number | undefined;
  pools: PoolScenario[];
}

/** How often the run is repeated with fresh chance: until `relativeError` is reached, within these bounds. */
export interface Replications {
  min: number;
  max: number;
  /** Half-width of the 95 % interval over the mean, for the 95 % response time and the cost; 0: always `max`. */
  relativeError: number;
}

export interface PoolScenario {
  name: string;
  traffic: Traffic;
  service: Distribution;
  concurrency: number;
  startup: Distribution;
  scaleIn: { mode: 'drain'; graceSec?: number } | { mode: 'kill'; keepsProgress?: boolean };
  capacity: Capacity;
  objective: Objective;
  cost: Cost;
  faults: ScenarioFaults;
  /** Who gets workers first when the budget is short: higher first. */
  priority: number;
}

export interface Objective {
  latencyOf: 'wait' | 'response';
  targetSec: number;
  /** Share of jobs that must meet the target, for an interval to count as good. */
  percentile: number;
}

export interface Cost {
  perWorkerHour: number;
  /** For every job that misses the target. */
  perViolation: number;
  /** For every minute of an interval in which the objective is broken. */
  perViolationMinute: number;
}

/** Where the number of workers comes from. */
export type Capacity =
  | { kind: 'plan'; steps: { atSec: number; workers: number }[] }
  /** Whatever the injected controller answers; the policy itself is not read here. */
  | { kind: 'policy'; policy: unknown; initialWorkers: number; everySec: number };

export interface Traffic {
  patterns: Pattern[];
  process: ArrivalProcess;
  /** Stretches in which everything is this many times as much. */
  multiply: (Stretch & { factor: number })[];
}

export type Pattern =
  | { kind: 'constant'; rate: number }
  | { kind: 'sinusoidal'; mean: number; amplitude: number; periodSec: number; peakAtSec: number }
  | { kind: 'linear'; from: number; to: number; overSec: number | undefined }
  | { kind: 'spiky'; base: number; spikes: Spike[] }
  /** `rates[h]` is the rate in the middle of hour h; straight lines in between, again every day or week. */
  | { kind: 'daily'; rates: number[]; startHour: number }
  | { kind: 'weekly'; rates: number[]; startHour: number }
  | { kind: 'custom'; points: { atSec: number; rate: number }[]; shape: 'linear' | 'step' }
  /** Counts of a recorded history; `exact` repeats them, otherwise they are the rates of the arrival process. */
  | { kind: 'recorded'; counts: number[]; stepSec: number; exact: boolean; scale: number }
  /** One path is drawn for each replication, from the forecast's own uncertainty. */
  | {
      kind: 'forecast';
      stepSec: number;
      quantiles: { level: number; rates: number[] }[];
      /** Correlation of neighbouring steps of a path, 0 to below 1. */
      correlation: number;
    };

export interface Spike {
  atSec: number;
  durationSec: number;
  peak: number;
  shape: 'instant' | 'linear' | 'exponential' | 'bell';
  /** Comes again after this long; undefined: once. */
  everySec: number | undefined;
}

/** Faults as a scenario describes them; distributions are opened per replication. */
export interface ScenarioFaults {
  failure?: { probability: number; stretches?: (Stretch & { probability: number })[] };
  retry?: RetryRule;
  executionTimeoutSec?: number;
  patience?: Distribution;
  slowdowns?: (Stretch & { factor: number })[];
  crashes?: { meanTimeBetweenSec: number; requeueDelaySec: number };
}
