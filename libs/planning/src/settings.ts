import { durationSec, type Policy } from '@capplan/contracts';

/** A policy with every default filled in and every duration in seconds. */
export interface Settings {
  latencySec: number;
  latencyOf: 'response' | 'wait';
  maxBacklog: number | undefined;
  errorBudget: number;
  availability: number;
  drainSec: number | undefined;
  minWorkers: number;
  maxWorkers: number;
  maxStep: number | undefined;
  upCooldownSec: number;
  downCooldownSec: number;
  utilizationHigh: number;
  utilizationLow: number;
  safetyMargin: number;
  confidenceThreshold: number;
  scaleToZero: boolean;
  floorOnly: boolean;
  currency: string;
  /** Undefined: derived from the error budget, see `violationCostPerMinute`. */
  violationCostPerMinute: number | undefined;
  hourlyBudget: number | undefined;
  monthlyBudget: number | undefined;
  budgetIsHard: boolean;
}

/** Defaults of everything a policy may leave out. */
export const defaults = {
  errorBudget: 0.01,
  maxStep: 15,
  upCooldownSec: 60,
  downCooldownSec: 300,
  utilizationHigh: 0.8,
  utilizationLow: 0.6,
  safetyMargin: 0,
  confidenceThreshold: 0.85,
  currency: 'USD',
} as const;

export function resolveSettings(policy: Policy): Settings {
  const { slo, scaling, cost } = policy;
  return {
    latencySec: durationSec(slo.p95_latency),
    latencyOf: slo.latency_of ?? 'response',
    maxBacklog: slo.max_backlog,
    errorBudget: slo.error_budget ?? defaults.errorBudget,
    availability: slo.availability ?? 1,
    drainSec: slo.drain_time === undefined ? undefined : durationSec(slo.drain_time),
    minWorkers: scaling.min_workers,
    maxWorkers: scaling.max_workers,
    maxStep: scaling.max_step,
    upCooldownSec: seconds(scaling.scale_up_cooldown, defaults.upCooldownSec),
    downCooldownSec: seconds(scaling.scale_down_cooldown, defaults.downCooldownSec),
    utilizationHigh: scaling.utilization_high ?? defaults.utilizationHigh,
    utilizationLow: scaling.utilization_low ?? defaults.utilizationLow,
    safetyMargin: scaling.safety_margin ?? defaults.safetyMargin,
    confidenceThreshold: scaling.confidence_threshold ?? defaults.confidenceThreshold,
    scaleToZero: scaling.scale_to_zero ?? false,
    floorOnly: scaling.floor_only ?? false,
    currency: cost.currency ?? defaults.currency,
    violationCostPerMinute: cost.violation_cost_per_minute,
    hourlyBudget: cost.hourly_budget,
    monthlyBudget: cost.monthly_budget,
    budgetIsHard: cost.budget_kind === 'hard',
  };
}

function seconds(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : durationSec(text);
}
