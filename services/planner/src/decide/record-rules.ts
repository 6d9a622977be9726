import { durationSec, type ErrorCode, type Policy, type Pool } from '@capplan/contracts';

export type RecordVerdict = { ok: true } | { ok: false; code: ErrorCode; detail: string };

const fine: RecordVerdict = { ok: true };
const refuse = (code: ErrorCode, detail: string): RecordVerdict => ({ ok: false, code, detail });

/** Payment queues live under policies of their own: both carry the tag `pci`, or neither does. */
export function mayGovern(policy: Pick<Policy, 'id' | 'tags'>, pool: Pick<Pool, 'id' | 'tags'>): RecordVerdict {
  const [policyIs, poolIs] = [policy.tags.includes('pci'), pool.tags.includes('pci')];
  if (policyIs === poolIs) return fine;
  return refuse(
    'policy_mismatch',
    poolIs
      ? `pool ${pool.id} is tagged pci and needs a policy tagged pci; ${policy.id} is not`
      : `policy ${policy.id} is tagged pci and governs pools tagged pci only; ${pool.id} is not`,
  );
}

/** Whether a policy makes sense in itself, beyond what its schema can say. Every problem is named. */
export function isSound(policy: Policy): RecordVerdict {
  const { scaling, slo, cost, approval } = policy;
  const problems: string[] = [];
  if (scaling.min_workers > scaling.max_workers) {
    problems.push(`scaling.min_workers ${scaling.min_workers} is above scaling.max_workers ${scaling.max_workers}`);
  }
  const { utilization_low: low, utilization_high: high } = scaling;
  if (low !== undefined && high !== undefined && low >= high) {
    problems.push(`scaling.utilization_low ${low} must be below scaling.utilization_high ${high}`);
  }
  if (durationSec(slo.p95_latency) <= 0) problems.push('slo.p95_latency must be longer than nothing');
  for (const [index, window] of (scaling.schedules ?? []).entries()) {
    const place = `scaling.schedules[${index}]`;
    if (durationSec(window.duration) <= 0) problems.push(`${place}.duration must be longer than nothing`);
    if ((window.min_workers ?? 0) > (window.max_workers ?? Number.POSITIVE_INFINITY)) {
      problems.push(`${place}.min_workers is above its max_workers`);
    }
    if (!/^\S+(\s+\S+){4,5}$/.test(window.cron.trim())) problems.push(`${place}.cron needs five or six fields`);
  }
  for (const [index, event] of (policy.forecast.events ?? []).entries()) {
    if (Date.parse(event.from) >= Date.parse(event.to))
      problems.push(`forecast.events[${index}].from is not before to`);
  }
  if (cost.budget_kind === 'hard' && cost.hourly_budget === undefined && cost.monthly_budget === undefined) {
    problems.push('cost.budget_kind is hard, and there is no hourly_budget or monthly_budget');
  }
  if (approval?.expires_after !== undefined && durationSec(approval.expires_after) <= 0) {
    problems.push('approval.expires_after must be longer than nothing');
  }
  return problems.length === 0 ? fine : refuse('invalid_input', problems.join('; '));
}

/** Whether the policy may be written while these pools use it. */
export function mayPutPolicy(policy: Policy, pools: readonly Pool[]): RecordVerdict {
  const sound = isSound(policy);
  if (!sound.ok) return sound;
  for (const pool of pools) {
    if (pool.policy_id !== policy.id) continue;
    const verdict = mayGovern(policy, pool);
    if (!verdict.ok) return verdict;
  }
  return fine;
}

export function mayRemovePolicy(id: string, pools: readonly Pool[]): RecordVerdict {
  const users = pools.filter((pool) => pool.policy_id === id).map((pool) => pool.id);
  if (users.length === 0) return fine;
  const named = users.slice(0, 5).join(', ');
  const more = users.length > 5 ? ` and ${users.length - 5} more` : '';
  return refuse('policy_in_use', `${id} governs ${named}${more}`);
}
