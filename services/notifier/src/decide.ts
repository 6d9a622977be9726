import { type Envelope, type EventData, type EventType, planCostFields } from '@capplan/contracts';
import type { WebhookTarget } from './targets.ts';

/** What the notifier listens to. */
export const heardEvents = [
  'plan.proposed',
  'plan.approved',
  'plan.rejected',
  'plan.cancelled',
  'plan.superseded',
  'plan.expired',
  'plan.executing',
  'plan.completed',
  'plan.failed',
  'plan.reverted',
  'rollout.started',
  'rollout.stepped',
  'rollout.held',
  'rollout.finished',
  'rollout.failed',
  'rollout.reverted',
  'budget.alert',
  'slo.breached',
  'load.suspect',
  'access.denied',
] as const satisfies readonly EventType[];
export type HeardEvent = (typeof heardEvents)[number];

/** States rather than changes: while they last they are said again and again, and one call in a while is enough. */
const lasting: ReadonlySet<HeardEvent> = new Set(['budget.alert', 'slo.breached', 'load.suspect', 'access.denied']);

/** A plan that cannot be carried out ends in several events, and is proposed again: to people it is one trouble. */
const failures: ReadonlySet<HeardEvent> = new Set([
  'plan.failed',
  'plan.reverted',
  'rollout.held',
  'rollout.failed',
  'rollout.reverted',
]);

/**
 * What asks for a person, and is sent to a target that names no events. A rollout that has failed is left to its plan,
 * which ends with it and says whether that is news.
 */
const askingForSomebody: ReadonlySet<HeardEvent> = new Set([
  ...lasting,
  'plan.failed',
  'plan.reverted',
  'rollout.held',
]);

export interface Notification {
  id: string;
  type: HeardEvent;
  time: string;
  key: string;
  /** One sentence for people. */
  summary: string;
  data: unknown;
}

/**
 * Should this target hear of this event? A plan that waits for approval asks for somebody, whatever it is called. One that
 * fails as those before it did asks for nobody again; the first that is carried out after them says that it is over.
 */
export function isWanted(target: WebhookTarget, type: HeardEvent, envelope: Envelope): boolean {
  const namespace = envelope.key.slice(0, envelope.key.indexOf('/'));
  if (target.namespaces !== undefined && !target.namespaces.includes(namespace)) return false;
  if (target.events === undefined) {
    const isRepeated = failuresBefore(type, envelope) > 0;
    if (type === 'plan.completed') return isRepeated;
    if (askingForSomebody.has(type)) return !isRepeated;
    return waitsForApproval(type, envelope);
  }
  return target.events.some(
    (wanted) => wanted === '*' || wanted === type || (wanted.endsWith('.*') && type.startsWith(wanted.slice(0, -1))),
  );
}

/**
 * The condition that an event is a sign of, if it may last: after a notice, further signs of the same condition of the
 * same pool are kept quiet for a while. A target that names its events wants each change, and failures are changes.
 */
export function conditionOf(target: WebhookTarget, type: HeardEvent): string | undefined {
  if (lasting.has(type)) return type;
  return failures.has(type) && target.events === undefined ? 'not_carried_out' : undefined;
}

/** What is sent. Cost data is absent for those who may not see it. */
export function notificationOf(target: WebhookTarget, type: HeardEvent, envelope: Envelope): Notification {
  const data = target.include_cost === true ? envelope.data : withoutCost(type, envelope.data);
  return {
    id: envelope.id,
    type,
    time: envelope.time,
    key: envelope.key,
    summary: summaryOf(type, envelope, target.include_cost === true),
    data,
  };
}

/**
 * How long to wait before the next call, ms: doubling, with up to half as much on top by chance, so that many
 * notifiers do not call a recovering host together.
 *
 * @param attempt calls made so far, ≥ 1
 * @param chance in [0, 1)
 */
export function backoffMs({ attempt, firstMs, chance }: { attempt: number; firstMs: number; chance: number }): number {
  return firstMs * 2 ** (attempt - 1) * (1 + chance / 2);
}

/**
 * May this host be called? Without a list, the hosts of the configured targets and no other.
 *
 * @param allowed hosts by comma; `*.example.com` covers subdomains, not the domain itself
 */
export function mayCall(url: string, allowed: string, targets: readonly WebhookTarget[]): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return false;
  const hosts = allowed.split(',').flatMap((host) => (host.trim() === '' ? [] : [host.trim().toLowerCase()]));
  if (hosts.length === 0) return targets.some((target) => new URL(target.url).hostname === hostname);
  return hosts.some((host) => (host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host));
}

/** How many plans had failed before the one that this is about, for the same reason. */
function failuresBefore(type: HeardEvent, { data }: Envelope): number {
  if (type.startsWith('plan.')) return (data as EventData<'plan.failed'>).failures_before ?? 0;
  if (type.startsWith('rollout.')) return (data as EventData<'rollout.failed'>).plan.failures_before ?? 0;
  return 0;
}

function waitsForApproval(type: HeardEvent, envelope: Envelope): boolean {
  if (type !== 'plan.proposed') return false;
  return (envelope.data as EventData<'plan.proposed'>).status === 'awaiting_approval';
}

function summaryOf(type: HeardEvent, envelope: Envelope, withCost: boolean): string {
  const { key } = envelope;
  if (type.startsWith('plan.')) {
    const plan = envelope.data as EventData<'plan.proposed'>;
    const change = `${plan.current_workers} → ${plan.target_workers} workers`;
    const waits = plan.status === 'awaiting_approval' ? `, waits for ${plan.approvals_needed} approval(s)` : '';
    const failed = failuresBefore(type, envelope);
    const after = type === 'plan.completed' && failed > 0 ? `, after ${failed} that failed` : '';
    return `${key}: plan ${plan.id} ${type.slice(5)}: ${change}${waits}${after}. ${plan.status_reason}`.trim();
  }
  if (type.startsWith('rollout.')) {
    const rollout = envelope.data as EventData<'rollout.started'>;
    return `${key}: rollout of ${rollout.plan_id} ${type.slice(8)}. ${rollout.reason}`.trim();
  }
  switch (type) {
    case 'budget.alert': {
      const alert = envelope.data as EventData<'budget.alert'>;
      const figures = withCost ? `: ${alert.projected.toFixed(2)} projected, ${alert.budget.toFixed(2)} allowed` : '';
      return `${key}: the ${alert.kind} budget of the ${alert.period} is at stake${figures}`;
    }
    case 'slo.breached': {
      const breach = envelope.data as EventData<'slo.breached'>;
      return `${key}: p95 ${breach.observed_p95_s.toFixed(2)} s, target ${breach.target_s.toFixed(2)} s; ${Math.round(100 * breach.share_within)} % of jobs within it`;
    }
    case 'load.suspect': {
      const { quality } = envelope.data as EventData<'load.suspect'>;
      return `${key}: measurements are not trusted: ${quality.suspects.map(({ source, reason }) => `${source} ${reason}`).join(', ')}`;
    }
    default: {
      const access = envelope.data as EventData<'access.denied'>;
      return `${access.method} ${access.path} refused: ${access.reason}`;
    }
  }
}

function withoutCost(type: HeardEvent, data: unknown): unknown {
  if (type === 'budget.alert') return without(data, ['budget', 'projected']);
  if (type.startsWith('plan.')) return without(data, planCostFields);
  if (!type.startsWith('rollout.')) return data;
  return without(
    data,
    planCostFields.map((field) => `plan.${field}`),
  );
}

/** A copy without the fields at these paths; a path goes through the elements of a list. */
function without(value: unknown, paths: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((element) => without(element, paths));
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = { ...value };
  for (const path of paths) {
    const dot = path.indexOf('.');
    if (dot < 0) delete copy[path];
    else {
      const head = path.slice(0, dot);
      if (head in copy) copy[head] = without(copy[head], [path.slice(dot + 1)]);
    }
  }
  return copy;
}
