import {
  durationSec,
  durationText,
  type ErrorCode,
  type Policy,
  type Pool,
  startupDelaySecMax,
} from '@capplan/contracts';
import { isOneLine, policyProblems } from '@capplan/planning';

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
