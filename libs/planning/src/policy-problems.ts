import { durationSec, isTimestamp, isWellFormed, type Policy, type Schedule } from '@capplan/contracts';
import { Cron } from 'croner';

type Unsealed = Omit<Policy, 'id' | 'updated_at'>;

const daySec = 86_400;
/** The shortest length of time that is one. */
const leastSec = 0.001;
const moneyMax = 1e12;

/**
 * What is wrong with a policy, beyond what its schema can say? Each problem names its field.
 *
 * This is what may be written. The schema of the record is wider, because what was stored before must stay readable.
 *
 * @returns empty when there is nothing wrong
 */
export function policyProblems(policy: Unsealed): string[] {
  const { slo, scaling, forecast, cost, approval } = policy;
  const problems: string[] = [];
  const duration = (field: string, text: string | undefined, { least = leastSec, most = 7 * daySec } = {}): void => {
    if (text === undefined) return;
    const sec = durationSec(text);
    if (!(sec >= least && sec <= most)) problems.push(`${field} must be from ${spoken(least)} to ${spoken(most)}`);
  };
  const atMost = (field: string, value: number | undefined, most: number): void => {
    if (value !== undefined && value > most) problems.push(`${field} must be at most ${most}`);
  };
  const oneLine = (field: string, text: string | undefined): void => {
    if (text !== undefined && !isOneLine(text)) problems.push(`${field} must be one line of well-formed text`);
  };

  oneLine('name', policy.name);
  duration('slo.p95_latency', slo.p95_latency, { most: 30 * daySec });
  duration('slo.drain_time', slo.drain_time);
  atMost('slo.max_backlog', slo.max_backlog, 1e9);
  if (scaling.min_workers > scaling.max_workers) {
    problems.push(`scaling.min_workers ${scaling.min_workers} is above scaling.max_workers ${scaling.max_workers}`);
  }
  atMost('scaling.max_step', scaling.max_step, 1_000_000);
  duration('scaling.scale_up_cooldown', scaling.scale_up_cooldown, { least: 0 });
  duration('scaling.scale_down_cooldown', scaling.scale_down_cooldown, { least: 0 });
  const { utilization_low: low, utilization_high: high } = scaling;
  if (low !== undefined && high !== undefined && low >= high) {
    problems.push(`scaling.utilization_low ${low} must be below scaling.utilization_high ${high}`);
  }
  for (const [index, window] of (scaling.schedules ?? []).entries()) {
    const place = `scaling.schedules[${index}]`;
    oneLine(`${place}.name`, window.name);
    duration(`${place}.duration`, window.duration, { most: 366 * daySec });
    problems.push(...scheduleProblems(place, window));
  }
  duration('forecast.horizon', forecast.horizon, { least: 60 });
  if (forecast.time_zone !== undefined && !isTimeZone(forecast.time_zone)) {
    problems.push(`forecast.time_zone '${forecast.time_zone}' is no IANA time zone, such as Europe/Berlin`);
  }
  for (const [index, { name, from, to }] of (forecast.events ?? []).entries()) {
    const place = `forecast.events[${index}]`;
    oneLine(`${place}.name`, name);
    for (const [field, time] of Object.entries({ from, to })) {
      if (!isTimestamp(time)) problems.push(`${place}.${field} is no time on a day that exists`);
    }
    if (Date.parse(from) >= Date.parse(to)) problems.push(`${place}.from is not before to`);
  }
  atMost('cost.violation_cost_per_minute', cost.violation_cost_per_minute, moneyMax);
  atMost('cost.hourly_budget', cost.hourly_budget, moneyMax);
  atMost('cost.monthly_budget', cost.monthly_budget, moneyMax);
  if (cost.budget_kind === 'hard' && cost.hourly_budget === undefined && cost.monthly_budget === undefined) {
    problems.push('cost.budget_kind is hard, and there is no hourly_budget or monthly_budget');
  }
  atMost('approval.large_change_workers', approval?.large_change_workers, 1_000_000);
  atMost('approval.large_change_share', approval?.large_change_share, 1_000_000);
  atMost('approval.large_change_cost_per_hour', approval?.large_change_cost_per_hour, moneyMax);
  duration('approval.expires_after', approval?.expires_after, { least: 1, most: 30 * daySec });
  return problems;
}

/** One line of text that can be sent anywhere: no control characters, no lone surrogates. */
export function isOneLine(text: string): boolean {
  return !/\p{Cc}/u.test(text) && isWellFormed(text);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The next hundred years, as croner counts them, are enough to see whether an expression ever comes true. */
function scheduleProblems(place: string, { cron, time_zone: timeZone = 'UTC', ...window }: Schedule): string[] {
  const problems: string[] = [];
  if ((window.min_workers ?? 0) > (window.max_workers ?? Number.POSITIVE_INFINITY)) {
    problems.push(`${place}.min_workers is above its max_workers`);
  }
  const zoneExists = isTimeZone(timeZone);
  if (!zoneExists) problems.push(`${place}.time_zone '${timeZone}' is no IANA time zone, such as Europe/Berlin`);
  if (!/^\S+(\s+\S+){4,5}$/.test(cron.trim())) return [...problems, `${place}.cron needs five or six fields`];
  try {
    const next = new Cron(cron, { timezone: zoneExists ? timeZone : 'UTC', paused: true }).nextRun(fromAnyDay);
    if (next === null) problems.push(`${place}.cron '${cron}' never comes`);
  } catch (error) {
    problems.push(`${place}.cron '${cron}' cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return problems;
}

/** Whether an expression ever comes true does not depend on today. */
const fromAnyDay = new Date('2024-01-01T00:00:00Z');

function spoken(sec: number): string {
  if (sec >= daySec) return `${sec / daySec}d`;
  return sec >= 1 || sec === 0 ? `${sec}s` : `${sec * 1000}ms`;
}
