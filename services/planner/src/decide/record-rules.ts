import {
  durationSec,
  durationText,
  type ErrorCode,
  type Plan,
  type Policy,
  type Pool,
  startupDelaySecMax,
} from '@capplan/contracts';
import { isOneLine, policyProblems } from '@capplan/planning';
import type { PoolPlans } from './pool-plans.ts';

export type RecordVerdict = { ok: true } | { ok: false; code: ErrorCode; detail: string; problems?: string[] };

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
  return allOf(policyProblems(policy));
}

/** Whether a pool makes sense in itself: what stands in it is within what the services can bear. */
export function isSoundPool(pool: Pool): RecordVerdict {
  const { queue, actuator } = pool;
  const problems: string[] = [];
  const duration = (field: string, text: string | undefined, leastSec: number, mostSec: number): void => {
    if (text === undefined) return;
    const sec = durationSec(text);
    if (!(sec >= leastSec && sec <= mostSec)) {
      problems.push(`${field} must be from ${durationText(leastSec)} to ${durationText(mostSec)}`);
    }
  };
  const oneLine = (field: string, text: string | undefined): void => {
    if (text !== undefined && !isOneLine(text)) problems.push(`${field} must be one line of well-formed text`);
  };
  oneLine('queue.name', queue.name);
  oneLine('queue.group', queue.group);
  oneLine('actuator.target', actuator.target);
  duration('startup_delay', pool.startup_delay, 0, startupDelaySecMax);
  duration('service_time_hint', pool.service_time_hint, 0.001, 7 * 86_400);
  duration('drain_grace', pool.drain_grace, 0, 7 * 86_400);
  if (pool.worker_cost_per_hour > 1e6) problems.push('worker_cost_per_hour must be at most 1000000');
  return allOf(problems);
}

function allOf(problems: string[]): RecordVerdict {
  if (problems.length === 0) return fine;
  return { ok: false, code: 'invalid_input', detail: problems.join('; '), problems };
}

/** Whether workers of the pool may run because we ordered them: then it is to be asked before it is let go. */
export function hasBeenScaled(plans: Pick<PoolPlans, 'active' | 'changes'> | undefined): boolean {
  return plans !== undefined && (plans.changes.length > 0 || plans.active?.status === 'executing');
}

/**
 * Whether a pool may be taken from what runs its workers: removed, or given to another actuator. Workers that nobody looks
 * after would run on.
 *
 * @param workers that are meant to run, as the executor says
 */
export function mayLetGo(
  pool: Pick<Pool, 'id' | 'actuator'>,
  { active, workers, how }: { active: Plan | null; workers: number; how: 'remove' | 'drain' | 'move' },
): RecordVerdict {
  if (active?.status === 'executing') {
    return refuse('illegal_transition', `${active.id} is being carried out on ${pool.id}; wait until it is over`);
  }
  if (workers === 0 || how === 'drain') return fine;
  const run = `${workers} ${workers === 1 ? 'worker' : 'workers'} of ${pool.id} ${workers === 1 ? 'runs' : 'run'}`;
  return how === 'remove'
    ? refuse('pool_in_use', `${run}: remove it with drain=true, and they finish their jobs and leave; or order 0 first`)
    : refuse(
        'pool_in_use',
        `${run} under ${pool.actuator.kind}: order 0 first, or remove it with drain=true and put it anew`,
      );
}

export function isMoved(before: Pick<Pool, 'actuator'>, after: Pick<Pool, 'actuator'>): boolean {
  return before.actuator.kind !== after.actuator.kind || before.actuator.target !== after.actuator.target;
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
