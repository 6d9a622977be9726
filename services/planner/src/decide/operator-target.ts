import {
  cutText,
  durationText,
  type Policy,
  type Pool,
  type Step,
  startupDelaySec,
  timestamp,
} from '@capplan/contracts';
import {
  affordableWorkers,
  type Decision,
  type ExecutorCaps,
  executableTarget,
  limitsAt,
  type NamedCount,
} from '@capplan/planning';

const stepMaxDefault = 15;

export type TargetVerdict =
  | { ok: true }
  | { ok: false; reason: 'outside_limits' | 'cost_limit_exceeded'; detail: string };

/** A count that a person, a pool's owner or a trial names in the place of the planner's own. */
export interface AskedTarget {
  workers: number;
  by: string;
  /** What it does or asks for, after its name: `asked for 9 workers`. */
  why: string;
}

/** Where a count is asked for: what holds at that moment. */
export interface AskingMoment {
  nowMs: number;
  pool: Pool;
  policy: Policy;
  /** What the executor takes at most, when it is known. */
  caps?: ExecutorCaps | undefined;
}

/** Whether a person may ask for this many workers: the executor holds their steps against the same limits. */
export function mayTarget(workers: number, current: number, moment: AskingMoment): TargetVerdict {
  const { pool, policy, caps, nowMs } = moment;
  const { scaling, cost } = policy;
  const { minWorkers: least, maxWorkers: most, names } = limitsOf(moment);
  const isNone = workers === 0 && scaling.scale_to_zero === true;
  if (workers > most || (workers < least && !isNone)) {
    const open = names.length === 0 ? '' : ` while ${names.join(', ')} is open (${timestamp(nowMs)})`;
    const detail = `${workers} workers are outside the policy's ${least} to ${most}${open}`;
    return { ok: false, reason: 'outside_limits', detail };
  }
  if (workers <= current) return { ok: true };
  const price = pool.worker_cost_per_hour;
  const budget = cost.budget_kind === 'hard' ? cost.hourly_budget : undefined;
  if (budget !== undefined && workers > Math.max(least, affordableWorkers(budget, price))) {
    const detail = `${workers} workers cost ${workers * price} an hour; the hard budget is ${budget}`;
    return { ok: false, reason: 'cost_limit_exceeded', detail };
  }
  if (caps === undefined) return { ok: true };
  if (workers > caps.workersMax) {
    const detail = `${workers} workers are more than the executor's cap of ${caps.workersMax}`;
    return { ok: false, reason: 'outside_limits', detail };
  }
  if (caps.costPerHourMax > 0 && workers > affordableWorkers(caps.costPerHourMax, price)) {
    const detail = `${workers} workers cost ${workers * price} an hour; the executor's cap is ${caps.costPerHourMax}`;
    return { ok: false, reason: 'cost_limit_exceeded', detail };
  }
  return { ok: true };
}

function limitsOf({ policy: { scaling }, nowMs }: Pick<AskingMoment, 'policy' | 'nowMs'>) {
  const base = { minWorkers: scaling.min_workers, maxWorkers: scaling.max_workers };
  return limitsAt(scaling.schedules ?? [], base, nowMs);
}

/** What the core is asked about such a count: its risk, its cost, where it leaves the queue. */
export function namedCount({ workers, by, why }: AskedTarget, own: Pick<Decision, 'targetWorkers'>): NamedCount {
  const detail = cutText(`${by} ${why}; the planner would have ${own.targetWorkers} workers`, 1024);
  return { workers, rule: 'operator', detail };
}

/** The same decision, made now in as few steps as the executor takes; what is foreseen beyond it is not part of it. */
export function inSteps(decision: Decision, asked: AskedTarget, moment: AskingMoment): Decision {
  const { nowMs, pool, policy, caps } = moment;
  const { currentWorkers: current, confidence } = decision;
  const within = { policy, limits: limitsOf(moment), workerCostPerHour: pool.worker_cost_per_hour, caps };
  const stepMax = policy.scaling.max_step ?? Math.max(stepMaxDefault, current);
  const steps: Step[] = [];
  let from = current;
  while (from !== asked.workers && steps.length < 256) {
    const wanted = Math.min(from + stepMax, Math.max(from - stepMax, asked.workers));
    const to = executableTarget(from, wanted, within);
    if (to === from) break;
    steps.push({
      timestamp: timestamp(nowMs),
      action: to > from ? 'scale_up' : 'scale_down',
      from_workers: from,
      to_workers: to,
      reason: cutText(`${asked.by} ${asked.why}`, 1024),
      confidence,
      estimated_duration: durationText(startupDelaySec(pool)),
    });
    from = to;
  }
  return { ...decision, steps };
}
