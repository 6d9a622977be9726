import { type Pool, type ReplyData, systemKey } from '@capplan/contracts';
import type { ExecutorCaps } from '@capplan/planning';
import type { ServiceContext } from '@capplan/runtime';
import { plannerId } from './decide/is-automatic.ts';

/** What the executor takes, as it said itself: it is not proposed what it would refuse. */
export interface ExecutorLimits {
  /** Undefined until it has answered once; an executor that is away is taken to come back as it was. */
  caps(): ExecutorCaps | undefined;
  /** Whether plans of such a pool can be carried out; assumed until the executor says otherwise. */
  canAct(pool: Pick<Pool, 'actuator'>): boolean;
  /** Asks again when that was a while ago; never throws. */
  refresh(): Promise<void>;
}

const askMs = 1000;
const goodForMs = 60_000;

export function createExecutorLimits({ bus, clock, log }: ServiceContext): ExecutorLimits {
  const actor = { id: plannerId, kind: 'service' } as const;
  let newest: { atMs: number; reply: ReplyData<'executor.caps'> } | undefined;
  return {
    caps() {
      if (newest === undefined) return undefined;
      const { reply } = newest;
      return {
        workersMax: reply.workers_max,
        stepMax: reply.step_max,
        changeShareMax: reply.change_share_max,
        changeShareFrom: reply.change_share_from,
        costPerHourMax: reply.cost_per_hour_max,
      };
    },
    canAct({ actuator: { kind } }) {
      return kind !== 'none' && (newest === undefined || newest.reply.actuators.includes(kind));
    },
    async refresh() {
      if (newest && clock.nowMs() - newest.atMs < goodForMs) return;
      try {
        const options = { key: systemKey('executor'), actor, timeoutMs: askMs };
        newest = { reply: await bus.request('executor.caps', {}, options), atMs: clock.nowMs() };
      } catch (error) {
        log.debug({ error }, 'The executor does not say what it takes; it is asked again.');
      }
    },
  };
}
