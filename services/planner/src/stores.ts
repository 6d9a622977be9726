import { type Actor, CapacityError, Policy, Pool, timestamp } from '@capplan/contracts';
import type { Records, ServiceContext } from '@capplan/runtime';
import Type, { type Static } from 'typebox';
import { PoolPlans } from './decide/pool-plans.ts';

/** A record and the command that wrote it last, so that a repeated command is recognised. */
export const PolicyRecord = Type.Object({ policy: Policy, command_id: Type.String() });
export type PolicyRecord = Static<typeof PolicyRecord>;

export const PoolRecord = Type.Object({ pool: Pool, command_id: Type.String() });
export type PoolRecord = Static<typeof PoolRecord>;

export interface Stores {
  pools: Records<PoolRecord>;
  policies: Records<PolicyRecord>;
  plans: Records<PoolPlans>;
}

export async function openStores(context: ServiceContext): Promise<Stores> {
  return {
    pools: await context.records<PoolRecord>('pools', PoolRecord),
    policies: await context.records<PolicyRecord>('policies', PolicyRecord),
    plans: await context.records<PoolPlans>('plans', PoolPlans),
  };
}

export interface Receipts {
  /** Resolves once the audit log holds the entry; throws `no_audit_receipt` otherwise, and then nothing may be done. */
  obtain(entry: {
    id: string;
    key: string;
    actor: Actor;
    action: string;
    target: string;
    detail: unknown;
  }): Promise<void>;
}

const receiptMs = 3000;

export function createReceipts({ bus, clock }: ServiceContext): Receipts {
  return {
    async obtain({ id, key, actor, action, target, detail }) {
      const time = timestamp(clock.nowMs());
      const entry = { id: id.slice(0, 256), actor: actor.id, action, target, outcome: 'allowed', time, detail };
      try {
        const receipt = await bus.request('audit.append', entry, { key, actor, timeoutMs: receiptMs });
        if (receipt.id !== entry.id) throw new Error(`the receipt is for ${receipt.id}, not for ${entry.id}`);
      } catch (cause) {
        const said = `${action} on ${target} was not done, because the audit log gave no receipt; try again`;
        throw new CapacityError('no_audit_receipt', said, { cause });
      }
    },
  };
}
