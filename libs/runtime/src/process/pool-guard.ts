import { CapacityError } from '@capplan/contracts';
import type { ServiceContext } from '../ports/service.ts';

export interface PoolGuard {
  /**
   * Does the work of one pool.
   *
   * What the world does to it (a retryable `CapacityError`: no bus, no receipt) is thrown on, because it may work the
   * next time. Anything else lies in the pool, its policy or its figures and would be the same the next time: it costs
   * this pool alone. It is skipped, counted, logged once for each cause and named in health until its work is done.
   *
   * @returns undefined when the pool was skipped
   */
  run<T>(pool: string, work: () => Promise<T> | T): Promise<T | undefined>;
  /** The pool is no more: neither health nor a figure with the label `pool` names it. */
  forget(pool: string): void;
}

/** Names in one line of health: more of them help nobody. */
const namedMax = 5;

/** Lets the work of many pools go on when that of one of them fails. One for each service. */
export function createPoolGuard({ name, health, log, metrics }: PoolGuardSurroundings): PoolGuard {
  const skipped = new Map<string, string>();
  const counted = metrics.counter('capacity_planner_pools_skipped_total', 'Times that the work of a pool was skipped', [
    'service',
    'reason',
  ]);
  health.watch('pools', () => ({ ready: true, detail: describe(skipped) }));

  return {
    run: async (pool, work) => {
      try {
        const result = await work();
        skipped.delete(pool);
        return result;
      } catch (error) {
        if (error instanceof CapacityError && error.retryable) throw error;
        counted.add({ service: name, reason: reasonOf(error) });
        const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        if (skipped.get(pool) !== cause) log.error({ pool, error }, 'A pool is skipped: its work cannot be done');
        skipped.set(pool, cause);
        return undefined;
      }
    },
    forget: (pool) => {
      skipped.delete(pool);
      metrics.forget({ pool }).catch((error: unknown) => {
        log.warn({ pool, error }, 'The figures of a removed pool could not be taken away');
      });
    },
  };
}

type PoolGuardSurroundings = Pick<ServiceContext, 'name' | 'health' | 'log' | 'metrics'>;

/** One of few words, whatever was thrown. */
function reasonOf(error: unknown): string {
  if (error instanceof CapacityError) return error.code;
  return error instanceof RangeError || error instanceof TypeError ? error.name : 'Error';
}

function describe(skipped: ReadonlyMap<string, string>): string {
  if (skipped.size === 0) return 'none is skipped';
  const named = [...skipped].slice(0, namedMax).map(([pool, cause]) => `${pool} (${cause.slice(0, 160)})`);
  const more = skipped.size > namedMax ? ` and ${skipped.size - namedMax} more` : '';
  return `${skipped.size} skipped: ${named.join(', ')}${more}`;
}
