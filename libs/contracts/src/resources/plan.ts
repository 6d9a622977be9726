import Type, { type Static } from 'typebox';
import {
  DurationText,
  Identifier,
  Money,
  NonNegative,
  oneOf,
  PoolId,
  Probability,
  Timestamp,
  WorkerCount,
} from '../primitives.ts';
import { PolicyMode } from './policy.ts';

export const PlanStatus = oneOf(
  'draft',
  'proposed',
  'awaiting_approval',
  'approved',
  'executing',
  'completed',
  'failed',
  'reverted',
  'rejected',
  'cancelled',
  'superseded',
  'expired',
);
export type PlanStatus = Static<typeof PlanStatus>;

export const terminalPlanStatuses = [
  'completed',
  'failed',
  'reverted',
  'rejected',
  'cancelled',
  'superseded',
  'expired',
] as const satisfies readonly PlanStatus[];

/** Each state and those that may follow it. */
export const planTransitions: Record<PlanStatus, readonly PlanStatus[]> = {
  draft: ['proposed', 'cancelled', 'superseded', 'expired', 'rejected'],
  proposed: ['awaiting_approval', 'approved', 'rejected', 'cancelled', 'superseded', 'expired'],
  awaiting_approval: ['approved', 'rejected', 'cancelled', 'superseded', 'expired'],
  approved: ['executing', 'rejected', 'cancelled', 'superseded', 'expired', 'failed'],
  executing: ['completed', 'failed', 'reverted'],
  completed: [],
  failed: [],
  reverted: [],
  rejected: [],
  cancelled: [],
  superseded: [],
  expired: [],
};

export function isTerminal(status: PlanStatus): boolean {
  return planTransitions[status].length === 0;
}

export function mayBecome(from: PlanStatus, to: PlanStatus): boolean {
  return planTransitions[from].includes(to);
}

/** One change of the number of workers. */
export const Step = Type.Object({
  timestamp: Timestamp,
  action: oneOf('scale_up', 'scale_down'),
  from_workers: WorkerCount,
  to_workers: WorkerCount,
  reason: Type.String({ maxLength: 1024 }),
  confidence: Probability,
  estimated_duration: DurationText,
});
export type Step = Static<typeof Step>;

/** Money over the plan's horizon, against doing nothing. `net_savings = violation_savings − additional_cost`. */
export const CostAnalysis = Type.Object({
  currency: Type.String(),
  horizon: DurationText,
  additional_cost: Money,
  violation_savings: Money,
  net_savings: Money,
  cost_per_hour_before: NonNegative,
  cost_per_hour_after: NonNegative,
});
export type CostAnalysis = Static<typeof CostAnalysis>;

export const Approval = Type.Object({
  by: Type.String({ maxLength: 256 }),
  at: Timestamp,
  second_factor: Type.Boolean(),
  comment: Type.Optional(Type.String({ maxLength: 1024 })),
});
export type Approval = Static<typeof Approval>;

/** One line of the explanation: what came in, which rule looked at it, what came out. */
export const ExplanationStep = Type.Object({
  rule: Type.String({ maxLength: 64 }),
  before: WorkerCount,
  after: WorkerCount,
  detail: Type.String({ maxLength: 1024 }),
});
export type ExplanationStep = Static<typeof ExplanationStep>;

export const Alternative = Type.Object({
  workers: WorkerCount,
  expected_cost: Money,
  violation_probability: Probability,
  rejected_because: Type.String({ maxLength: 512 }),
});
export type Alternative = Static<typeof Alternative>;

export const PlanSimulation = Type.Object({
  simulated: Type.Boolean(),
  slo_achievement: Probability,
  max_backlog: NonNegative,
  p95_latency: Type.Union([DurationText, Type.Null()]),
  simulation_id: Type.Optional(Type.String({ maxLength: 128 })),
  cost_impact: Type.Optional(CostAnalysis),
});
export type PlanSimulation = Static<typeof PlanSimulation>;

export const Plan = Type.Object({
  id: Identifier,
  pool: PoolId,
  policy_id: Identifier,
  mode: PolicyMode,
  status: PlanStatus,
  status_reason: Type.String({ maxLength: 1024 }),
  created_at: Timestamp,
  updated_at: Timestamp,
  expires_at: Timestamp,
  requested_by: Type.String({ maxLength: 256 }),
  current_workers: WorkerCount,
  target_workers: WorkerCount,
  /** With `floor_only`: the minimum to set for the autoscaler that works above it. */
  floor_workers: Type.Optional(WorkerCount),
  current_state: Type.Object({ workers: WorkerCount, utilization: Probability, backlog: NonNegative }),
  target_state: Type.Object({
    workers: WorkerCount,
    projected_utilization: NonNegative,
    projected_backlog: NonNegative,
  }),
  steps: Type.Array(Step, { maxItems: 256 }),
  confidence: Probability,
  slo_achievable: Type.Boolean(),
  rationale: Type.String({ maxLength: 8192 }),
  explanation: Type.Array(ExplanationStep, { maxItems: 64 }),
  alternatives: Type.Array(Alternative, { maxItems: 32 }),
  forecast: Type.Object({
    window: DurationText,
    step_s: NonNegative,
    predicted_lambda: Type.Array(NonNegative),
    confidence_bands: Type.Object({
      level: Probability,
      upper: Type.Array(NonNegative),
      lower: Type.Array(NonNegative),
    }),
  }),
  simulation: PlanSimulation,
  cost_impact: Type.Optional(CostAnalysis),
  large_change: Type.Boolean(),
  approvals_needed: Type.Integer({ minimum: 0, maximum: 2 }),
  approvals: Type.Array(Approval, { maxItems: 8 }),
  failures_before: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description:
        'Automatic plans of the same direction that failed one after another before this one, for one reason',
    }),
  ),
});
export type Plan = Static<typeof Plan>;

/** Fields that only those with `cost:read` may see. */
export const planCostFields = ['cost_impact', 'simulation.cost_impact', 'alternatives.expected_cost'] as const;
