import type { Alternative, CostAnalysis, ExplanationStep, Step } from '@capplan/contracts';
import type { ForeseenDemand } from './foreseen-demand.ts';

/** Why a wanted change is not made now, or not in full. */
export const holdReasons = [
  'policy_disabled',
  'tags_disagree',
  'no_data',
  'data_stale',
  'data_suspect',
  'anomaly',
  'frozen',
  'between_minutes',
  'cooldown',
  'hysteresis',
  'below_threshold',
  'low_confidence',
  'budget',
  'at_minimum',
  'at_maximum',
  'floor_only',
  'executor_cap',
  'backing_off',
] as const;
export type HoldReason = (typeof holdReasons)[number];

/** What to do with one pool now, what is foreseen, and why. */
export interface Decision {
  /** Workers ordered at present: ready and starting. */
  currentWorkers: number;
  /** Workers to order now; equal to `currentWorkers` when nothing changes. */
  targetWorkers: number;
  /** The minimum to set where the policy is `floor_only`; the target otherwise. */
  floorWorkers: number;
  /** The change of now, if any, and later ones that are foreseen; later ones are decided afresh when their time comes. */
  steps: Step[];
  /** What keeps the pool where it is, or stops a change short; undefined when the wanted count is ordered. */
  hold: HoldReason | undefined;
  /** From the raw demand to the target; each line starts where the one before ended. */
  explanation: ExplanationStep[];
  alternatives: Alternative[];
  rationale: string;
  /** Share of the sampled futures that keep the objective once this decision acts, lowered by doubtful data; [0, 1]. */
  confidence: number;
  /** False when no number of workers meets the objective, or none that the policy's maximum and budget allow. */
  sloAchievable: boolean;
  costImpact: CostAnalysis;
  /** Probability that a minute within reach of this decision misses its target, [0, 1]. */
  violationProbability: number;
  projectedUtilization: number;
  projectedBacklog: number;
  /** Largest backlog of any sampled future, jobs. */
  maxBacklog: number;
  /** Estimate of the 95th percentile of response time in reach of this decision, seconds. */
  responseSecP95: number;
  largeChange: boolean;
  /** How far ahead the decision looked, seconds. */
  horizonSec: number;
  /** Demand that it counted on, over its horizon; */
  foreseen: ForeseenDemand;
  /** of it, jobs per second at the end of the start-up delay. */
  expectedRatePerSec: number;
}
