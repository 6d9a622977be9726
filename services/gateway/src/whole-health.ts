import { type HealthCheck, type ServiceHealth, type ServiceName, serviceNames } from '@capplan/contracts';

/** Without these no demand is measured, nothing is decided, carried out or audited. */
const loop: ReadonlySet<ServiceName> = new Set(['audit', 'collector', 'executor', 'planner']);

export interface OwnHealth {
  ready: boolean;
  checks: Record<string, HealthCheck>;
}

/** What the replicas of each service that answered said; none: nobody answered. */
export type Answers = Partial<Record<ServiceName, readonly ServiceHealth[]>>;

interface ServiceView {
  state: 'ready' | 'not_ready' | 'away';
  replicas: ServiceHealth[];
}

export interface WholeHealth {
  /** `down` when the loop of measuring, planning and acting cannot work; `degraded` when something else is missing. */
  status: 'ok' | 'degraded' | 'down';
  /** The gateway that answers. */
  checks: Record<string, HealthCheck>;
  services: Partial<Record<ServiceName, ServiceView>>;
}

/**
 * How the whole is. A service is ready when one of its replicas is; one that is not, beside one that is, degrades the
 * whole. The gateway speaks for itself: when it cannot write, nobody gets anything done through it.
 */
export function wholeHealth(own: OwnHealth, answers: Answers): WholeHealth {
  const services: WholeHealth['services'] = {};
  let status: WholeHealth['status'] = own.ready ? 'ok' : 'down';
  for (const name of serviceNames) {
    if (name === 'gateway') continue;
    const replicas = [...(answers[name] ?? [])];
    const state = replicas.length === 0 ? 'away' : replicas.some(({ ready }) => ready) ? 'ready' : 'not_ready';
    services[name] = { state, replicas };
    if (state !== 'ready' && loop.has(name)) status = 'down';
    else if (status === 'ok' && (state !== 'ready' || replicas.some(({ ready }) => !ready))) status = 'degraded';
  }
  return { status, checks: own.checks, services };
}

/** Whether this gateway is worth being sent requests: it can write, and there is somebody to ask. */
export function isGatewayReady(own: OwnHealth, answers: Answers): boolean {
  return own.ready && Object.entries(answers).some(([name, replicas]) => name !== 'gateway' && replicas.length > 0);
}
