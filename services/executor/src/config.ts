import Type, { type Static } from 'typebox';

export const ExecutorConfig = Type.Object({
  tickMs: Type.Integer({
    minimum: 50,
    maximum: 60_000,
    default: 1000,
    description: 'Milliseconds between two looks at the rollouts under way',
    env: 'EXECUTOR_TICK_MS',
  }),
  leaseMs: Type.Integer({
    minimum: 1000,
    maximum: 300_000,
    default: 15_000,
    description: 'Milliseconds for which one executor has a pool to itself',
    env: 'EXECUTOR_LEASE_MS',
  }),
  freshMs: Type.Integer({
    minimum: 1000,
    maximum: 3_600_000,
    default: 60_000,
    description: 'Milliseconds after which the newest snapshot is too old to act on (at least three of its intervals)',
    env: 'EXECUTOR_FRESH_MS',
  }),
  holdMaxMs: Type.Integer({
    minimum: 1000,
    maximum: 86_400_000,
    default: 600_000,
    description: 'Milliseconds for which a rollout is held before it fails',
    env: 'EXECUTOR_HOLD_MAX_MS',
  }),
  settleGraceMs: Type.Integer({
    minimum: 0,
    maximum: 86_400_000,
    default: 60_000,
    description: 'Milliseconds beyond twice the start-up delay in which ordered workers must be there',
    env: 'EXECUTOR_SETTLE_GRACE_MS',
  }),
  workersMax: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 1000,
    description: 'Hard cap: no pool is ever set above this',
    env: 'EXECUTOR_WORKERS_MAX',
  }),
  stepMax: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 100,
    description: 'Hard cap: largest change of one step, workers',
    env: 'EXECUTOR_STEP_MAX',
  }),
  changeShareMax: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1000,
    default: 1,
    description: 'Hard cap: largest change of one step as a share of the workers there; 1 doubles at most',
    env: 'EXECUTOR_CHANGE_SHARE_MAX',
  }),
  changeShareFrom: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 15,
    description: 'Changes up to so many workers are not held against the share',
    env: 'EXECUTOR_CHANGE_SHARE_FROM',
  }),
  costPerHourMax: Type.Number({
    minimum: 0,
    default: 0,
    description: 'Hard cap: cost per hour of one pool after a step that adds workers; 0 means none',
    env: 'EXECUTOR_COST_PER_HOUR_MAX',
  }),
  driftWorkers: Type.Integer({
    minimum: 0,
    maximum: 1000,
    default: 1,
    description: 'Workers by which a pool may differ from where its plan thought it was',
    env: 'EXECUTOR_DRIFT_WORKERS',
  }),
  recentMax: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 10,
    description: 'Finished rollouts kept per pool',
    env: 'EXECUTOR_RECENT_MAX',
  }),
});
export type ExecutorConfig = Static<typeof ExecutorConfig>;
