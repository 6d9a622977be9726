import { CapacityError, isCapacityError, type Plan, type Policy, type Pool, type Snapshot } from '@capplan/contracts';
import { decisionInput } from '@capplan/deciding';
import type { Decision, DecisionInput } from '@capplan/planning';
import type { ServiceContext } from '@capplan/runtime';
import type { PlannerConfig } from './config.ts';
import { actedMsOf, failuresBefore, pauseOf } from './decide/back-off.ts';
import { consider, expire } from './decide/consider.ts';
import { draftPlan, poolFacts, withTrial } from './decide/draft-plan.ts';
import { plannerId } from './decide/is-automatic.ts';
import { type AskedTarget, type AskingMoment, inSteps, mayTarget, namedCount } from './decide/operator-target.ts';
import { planId } from './decide/plan-id.ts';
import { noPlans, type PoolPlans, told } from './decide/pool-plans.ts';
import { isSound } from './decide/record-rules.ts';
import { budgetAlerts } from './decide/watch-money.ts';
import { withoutInputs } from './decide/without-inputs.ts';
import type { ExecutorLimits } from './executor-limits.ts';
import type { PlanningCore, TrialAnswer, Trials } from './ports.ts';
import type { Receipts, Stores } from './stores.ts';
import type { Views } from './views.ts';
import type { WindowInput } from './window-inputs.ts';

export interface DecidingDeps {
  context: ServiceContext;
  config: PlannerConfig;
  stores: Stores;
  views: Views;
  planning: PlanningCore;
  trials: Trials;
  limits: ExecutorLimits;
  receipts: Receipts;
}

export interface Ground {
  pool: Pool;
  policy: Policy;
  snapshot: Snapshot;
  input: DecisionInput;
  decision: Decision;
}

export interface Deciding {
  /** What is decided for a pool as it is now, and from what. */
  ground(poolId: string): Ground;
  draft(ground: Ground, request: { id: string; requestedBy: string }): Plan;
  /** The same ground with a count that somebody names in the place of the planner's own, and with its own figures. */
  ordered(ground: Ground, asked: AskedTarget): Ground;
  /** The same ground with what the planner does of its own accord: nothing, while it backs off after failures. */
  automatic(ground: Ground): Ground;
  /**
   * The one decision for a snapshot's window; the same snapshot again changes nothing.
   *
   * @param without what has not come for this window: the decision goes by what there is, and says so
   */
  onSnapshot(snapshot: Snapshot, without?: readonly WindowInput[]): Promise<void>;
}

/** Where work fails and the policy, from before it was looked at so closely, would not be written today: that is why. */
function usable<T>(policy: Policy, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const verdict = isSound(policy);
    if (verdict.ok) throw cause;
    const said = `policy ${policy.id} cannot be used as it is stored: ${verdict.detail}; put it again`;
    throw new CapacityError('policy_mismatch', said, { cause });
  }
}

const attemptsMax = 5;
const alternativesTried = 2;

export function createDeciding(deps: DecidingDeps): Deciding {
  const { context, config, stores, views, planning, trials, limits, receipts } = deps;
  const { bus, clock, log } = context;

  const decideFor = (pool: Pool, policy: Policy, snapshot: Snapshot): Ground => {
    const changes = views.plans(pool.id)?.value.changes ?? [];
    const input = decisionInput(views.watchOf(pool.id).memory, {
      nowMs: clock.nowMs(),
      pool: poolFacts(pool),
      policy,
      snapshot,
      forecast: views.forecast(pool.id),
      requirement: views.requirement(pool.id),
      changes: changes.map((change) => ({
        timeMs: change.time_ms,
        fromWorkers: change.from_workers,
        toWorkers: change.to_workers,
      })),
      caps: limits.caps(),
    });
    return { pool, policy, snapshot, input, decision: usable(policy, () => planning.decide(input)) };
  };

  const ground: Deciding['ground'] = (poolId) => {
    const pool = views.pool(poolId);
    if (!pool) throw new CapacityError('not_found', `there is no pool ${poolId}`);
    const policy = views.policy(pool.policy_id);
    if (!policy)
      throw new CapacityError('policy_mismatch', `pool ${poolId} names policy ${pool.policy_id}, which is not there`);
    const snapshot = views.snapshot(poolId);
    if (!snapshot) throw new CapacityError('not_enough_data', `nothing has been measured for ${poolId} yet`);
    return decideFor(pool, policy, snapshot);
  };

  const askingAt = (pool: Pool, policy: Policy): AskingMoment => ({
    nowMs: clock.nowMs(),
    pool,
    policy,
    caps: limits.caps(),
  });

  const ordered: Deciding['ordered'] = (given, asked) => {
    const { pool, policy, input } = given;
    const decision = usable(policy, () => planning.decide(input, namedCount(asked, given.decision)));
    return { ...given, decision: inSteps(decision, asked, askingAt(pool, policy)) };
  };

  /** What is remembered of failures, and when a person last did something about them. */
  function failuresOf({ pool, policy }: Ground) {
    const state = views.plans(pool.id)?.value;
    const plans = state ? [...(state.active ? [state.active] : []), ...state.recent] : [];
    return { failing: state?.failing ?? [], actedMs: actedMsOf(pool, policy, plans) };
  }

  const automatic: Deciding['automatic'] = (given) => {
    const { input, policy, decision } = given;
    const { failing, actedMs } = failuresOf(given);
    const change = { current_workers: decision.currentWorkers, target_workers: decision.targetWorkers };
    const pause = pauseOf(failing, change, { nowMs: input.nowMs, actedMs });
    if (!pause) return given;
    const held = usable(policy, () => planning.decide(input, pause));
    return { ...given, decision: { ...held, steps: [] } };
  };

  const draft: Deciding['draft'] = (given, { id, requestedBy }) => {
    const { policy, input, decision } = given;
    const plan = usable(policy, () =>
      draftPlan({
        id,
        input,
        decision,
        requestedBy,
        expiresAfterSec: config.expiresAfterSec,
        commitSec: policy.mode === 'auto' ? config.commitAutoSec : config.commitManualSec,
        forecastPoints: config.forecastPoints,
      }),
    );
    const { failing, actedMs } = failuresOf(given);
    const failures = requestedBy === plannerId ? failuresBefore(failing, plan, actedMs) : 0;
    return failures === 0 || plan.steps.length === 0 ? plan : { ...plan, failures_before: failures };
  };

  /** The draft as the simulator leaves it: confirmed, or with the count that did better. */
  async function tried(first: Plan, given: Ground): Promise<Plan> {
    const { pool, policy, snapshot, decision } = given;
    const direction = Math.sign(first.target_workers - first.current_workers);
    // What a rule has held back or cut short is not handed out again; nobody goes whom the rules let stay; and what
    // takes several steps would take them at once.
    const isFree = decision.hold === undefined && decision.targetWorkers === first.target_workers;
    const others = (isFree ? decision.alternatives : [])
      .map(({ workers }) => workers)
      .filter((workers) => direction > 0 || workers > first.target_workers)
      .filter((workers) => Math.sign(workers - first.current_workers) === direction && workers !== first.target_workers)
      .filter((workers) => mayTarget(workers, first.current_workers, askingAt(pool, policy)).ok)
      .map((workers) => ordered(given, { workers, by: 'the simulator', why: `did best with ${workers} workers` }))
      .filter(({ decision: { steps } }) => steps.length === 1)
      .slice(0, alternativesTried);
    const candidates = [
      { workers: first.target_workers, steps: first.steps },
      ...others.map(({ decision: other }) => ({ workers: other.targetWorkers, steps: other.steps })),
    ];
    const trial = await bounded({ pool, policy, snapshot, forecast: views.forecast(pool.id), candidates });
    if (!trial.simulated) return first;
    const better = trial.best > 0 ? others[trial.best - 1] : undefined;
    const result = trial.results[better ? trial.best : 0];
    if (!result) return first;
    const plan = better ? draft(better, { id: first.id, requestedBy: first.requested_by }) : first;
    const cost = better && result.cost_impact ? { cost_impact: result.cost_impact } : {};
    return { ...withTrial(plan, { simulated: true, best: 0, results: [result] }), ...cost };
  }

  async function bounded(question: Parameters<Trials['compare']>[0]): Promise<TrialAnswer> {
    const over = new AbortController();
    const late: TrialAnswer = { simulated: false, reason: `no answer within ${config.trialMs} ms` };
    const asked = trials
      .compare(question, over.signal)
      .catch((error): TrialAnswer => ({ simulated: false, reason: String(error) }));
    const answer = await Promise.race([asked, clock.sleep(config.trialMs, over.signal).then(() => late)]);
    over.abort();
    return answer;
  }

  async function watchFigures(snapshot: Snapshot, policy: Policy): Promise<void> {
    const watch = views.watchOf(snapshot.pool);
    const key = snapshot.pool;
    if (watch.breach && watch.breachEndMs === Date.parse(snapshot.timestamp)) {
      await bus.publish({ type: 'slo.breached', key, data: watch.breach.data, cause: watch.breach.cause });
    }
    for (const { alert, cause } of budgetAlerts(policy, watch.memory.spending, snapshot, views.costPerHour(snapshot))) {
      await bus.publish({ type: 'budget.alert', key, data: alert, cause });
    }
  }

  /** A pool that has never been planned for and stands empty begins with what its owner said, if that is more. */
  function opening(given: Ground): Ground | undefined {
    const { pool, policy, decision } = given;
    const workers = pool.initial_workers ?? 0;
    if (decision.currentWorkers > 0 || workers <= decision.targetWorkers || !policy.enabled) return undefined;
    if (!mayTarget(workers, 0, askingAt(pool, policy)).ok) return undefined;
    const first = ordered(given, { workers, by: 'the pool', why: `begins with ${workers} workers` });
    // Its owner has agreed to it by naming it.
    return { ...first, decision: { ...first.decision, largeChange: false } };
  }

  function isTooOld(snapshot: Snapshot): boolean {
    const ageMs = clock.nowMs() - Date.parse(snapshot.timestamp);
    return ageMs > 1000 * Math.max(config.snapshotMaxAgeSec, 4 * snapshot.interval_s);
  }

  async function next(state: PoolPlans, given: Ground): Promise<PoolPlans> {
    const moment = { nowMs: clock.nowMs(), recentMax: config.recentMax };
    const lastChangeMs = state.changes.at(-1)?.time_ms ?? 0;
    if (state.active?.status === 'executing') return state;
    // A snapshot from before the last change shows a pool that is no longer there.
    if (Date.parse(given.snapshot.timestamp) < lastChangeMs) return expire(state, moment);
    const { pool, policy, snapshot, decision } = given;
    const id = planId({ pool: pool.id, cause: snapshot.timestamp, timeMs: Date.parse(snapshot.timestamp) });
    const rules = { policy, snapshot, hold: decision.hold, canAct: limits.canAct(pool) };
    const first = state.version === 0 ? opening(given) : undefined;
    let plan = draft(first ?? given, { id, requestedBy: plannerId });
    let after = consider(state, { ...rules, draft: plan, mayApprove: true }, moment);
    if (after.active?.id === id && state.active?.id !== id) {
      if (!first) plan = await tried(plan, given);
      after = consider(state, { ...rules, draft: plan, mayApprove: true }, moment);
    }
    const approved = after.outbox.find(({ event }) => event === 'plan.approved')?.plan;
    if (!approved) return after;
    try {
      await receipts.obtain({
        id: `approve:${approved.id}`,
        key: pool.id,
        actor: { id: plannerId, kind: 'service' },
        action: 'plan.approve',
        target: approved.id,
        detail: { pool: pool.id, by: approved.status_reason, steps: approved.steps, confidence: approved.confidence },
      });
      return after;
    } catch (error) {
      log.warn({ plan: approved.id, error }, 'A plan is not approved, because it cannot be audited.');
      return consider(state, { ...rules, draft: plan, mayApprove: false }, moment);
    }
  }

  async function decideOnce(
    pool: Pool,
    policy: Policy,
    snapshot: Snapshot,
    without: readonly WindowInput[],
  ): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const stored =
        attempt === 0 ? (views.plans(pool.id) ?? (await stores.plans.get(pool.id))) : await stores.plans.get(pool.id);
      if (stored) views.wrotePlans(stored);
      const before = told(stored?.value ?? noPlans(pool.id));
      if (before.active?.status === 'executing') return;
      const after = await next(before, withoutInputs(automatic(decideFor(pool, policy, snapshot)), without));
      if (after === before) return;
      try {
        const revision = stored
          ? await stores.plans.update(pool.id, after, stored.revision)
          : await stores.plans.create(pool.id, after);
        views.wrotePlans({ key: pool.id, value: after, revision });
        return;
      } catch (error) {
        if (!isCapacityError(error, 'conflict')) throw error;
      }
    }
    throw new CapacityError('conflict', `the plans of ${pool.id} change too fast`);
  }

  return {
    ground,
    ordered,
    automatic,
    draft,
    async onSnapshot(snapshot, without = []) {
      const isNewest = views.observe(snapshot);
      const pool = views.pool(snapshot.pool);
      const policy = pool && views.policy(pool.policy_id);
      if (!pool || !policy || !isNewest || isTooOld(snapshot)) return;
      const endMs = Date.parse(snapshot.timestamp);
      const watch = views.watchOf(pool.id);
      if (endMs <= watch.decidedMs) return;
      await watchFigures(snapshot, policy);
      await decideOnce(pool, policy, snapshot, without);
      watch.decidedMs = endMs;
    },
  };
}
