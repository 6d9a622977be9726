import Type, { type Static } from 'typebox';

export const PlannerConfig = Type.Object({
  expiresAfterSec: Type.Integer({
    minimum: 10,
    maximum: 604_800,
    default: 900,
    description: 'Seconds after which a plan that nobody decided on expires, where the policy says nothing',
    env: 'PLANNER_EXPIRES_AFTER_SEC',
  }),
  commitAutoSec: Type.Integer({
    minimum: 0,
    maximum: 604_800,
    default: 60,
    description:
      'Seconds ahead for which an automatic plan is carried out; later steps are foreseen only and decided afresh',
    env: 'PLANNER_COMMIT_AUTO_SEC',
  }),
  commitManualSec: Type.Integer({
    minimum: 0,
    maximum: 604_800,
    default: 1800,
    description: 'Seconds ahead for which a plan that a person approves is carried out',
    env: 'PLANNER_COMMIT_MANUAL_SEC',
  }),
  snapshotMaxAgeSec: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    default: 120,
    description: 'Seconds after which a snapshot is no ground for a new plan (at least four of its intervals)',
    env: 'PLANNER_SNAPSHOT_MAX_AGE_SEC',
  }),
  trialMs: Type.Integer({
    minimum: 0,
    maximum: 300_000,
    default: 250,
    description: 'Milliseconds to wait for the simulator; after that formulas decide alone',
    env: 'PLANNER_TRIAL_MS',
  }),
  sweepMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 15_000,
    description: 'Milliseconds between two searches for expired and stuck plans',
    env: 'PLANNER_SWEEP_MS',
  }),
  stuckAfterSec: Type.Integer({
    minimum: 10,
    maximum: 604_800,
    default: 900,
    description: 'Seconds after the last step is due, after which the executor is asked what became of the plan',
    env: 'PLANNER_STUCK_AFTER_SEC',
  }),
  recentMax: Type.Integer({
    minimum: 1,
    maximum: 200,
    default: 20,
    description: 'Finished plans kept per pool',
    env: 'PLANNER_RECENT_MAX',
  }),
  forecastPoints: Type.Integer({
    minimum: 1,
    maximum: 2000,
    default: 60,
    description: 'Points of the forecast kept in a plan',
    env: 'PLANNER_FORECAST_POINTS',
  }),
  simulatorUrl: Type.String({
    default: '',
    description: 'host:port of the simulator’s gRPC; empty: formulas decide alone, and plans say so',
    env: 'SIMULATOR_URL',
  }),
});
export type PlannerConfig = Static<typeof PlannerConfig>;
