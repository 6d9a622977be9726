import { type ServiceHealth, type ServiceName, serviceNames, systemKey } from '@capplan/contracts';
import type { Bus, Clock } from '@capplan/runtime';
import type { Answers } from '../whole-health.ts';

const askTimeoutMs = 1_000;
/** Answers are shared by everybody who asks within this time. */
const goodForMs = 1_000;
/** A question reaches any one replica: one that is not ready may have a neighbour that is. */
const asksMax = 4;

/** Asks every service how it is; never throws. */
export function createBusHealth(bus: Bus, clock: Clock): () => Promise<Answers> {
  let newest: { atMs: number; answers: Promise<Answers> } | undefined;

  const ask = async (service: ServiceName): Promise<ServiceHealth | undefined> => {
    const options = {
      key: systemKey('health'),
      actor: { id: 'gateway', kind: 'service' as const },
      timeoutMs: askTimeoutMs,
    };
    try {
      return await bus.request(`${service}.health`, {}, options);
    } catch {
      return undefined;
    }
  };
  const askReplicas = async (service: ServiceName): Promise<ServiceHealth[]> => {
    const replicas = new Map<string, ServiceHealth>();
    for (let asks = 0; asks < asksMax; asks++) {
      const answer = await ask(service);
      if (answer === undefined) break;
      replicas.set(answer.instance, answer);
      if (answer.ready) break;
    }
    return [...replicas.values()];
  };
  const askAll = async (): Promise<Answers> => {
    const others = serviceNames.filter((name) => name !== 'gateway');
    return Object.fromEntries(await Promise.all(others.map(async (name) => [name, await askReplicas(name)] as const)));
  };

  return () => {
    const nowMs = clock.nowMs();
    if (newest === undefined || Math.abs(nowMs - newest.atMs) > goodForMs) newest = { atMs: nowMs, answers: askAll() };
    return newest.answers;
  };
}
