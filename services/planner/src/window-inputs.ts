import type { Forecast, Requirement, Snapshot } from '@capplan/contracts';
import type { Clock } from '@capplan/runtime';

/** What a decision waits for, beside the snapshot of its window. */
export type WindowInput = 'forecast' | 'requirement';

export interface WindowInputs {
  /** Something newer has come in. */
  arrived(pool: string): void;
  /**
   * Waits until forecast and requirement of a snapshot's window are there, one second at most. For what did not come for
   * the window before and has not been seen since, nobody waits: a service that is away must not hold up every pool.
   *
   * @returns what is missing
   */
  of(snapshot: Snapshot): Promise<WindowInput[]>;
  forget(pool: string): void;
}

interface Known {
  forecast(pool: string): Forecast | undefined;
  requirement(pool: string): Requirement | undefined;
}

const waitMs = 1000;

export function createWindowInputs(clock: Clock, known: Known): WindowInputs {
  const waiting = new Map<string, Set<() => void>>();
  /** What each pool's last decision went without, and which one was known then. */
  const missed = new Map<string, Partial<Record<WindowInput, string>>>();
  const madeAt = (pool: string, input: WindowInput): string => known[input](pool)?.made_at ?? '';
  const missing = ({ pool, timestamp }: Snapshot): WindowInput[] =>
    (['forecast', 'requirement'] as const).filter(
      (input) => !(Date.parse(madeAt(pool, input)) >= Date.parse(timestamp)),
    );
  const isAway = (pool: string, input: WindowInput) => missed.get(pool)?.[input] === madeAt(pool, input);

  async function untilThere(snapshot: Snapshot): Promise<void> {
    const { pool } = snapshot;
    const over = new AbortController();
    const isThere = () => missing(snapshot).every((input) => isAway(pool, input));
    if (isThere()) return;
    const listeners = waiting.get(pool) ?? new Set();
    waiting.set(pool, listeners);
    let listener = (): void => {};
    const arrival = new Promise<void>((resolve) => {
      listener = () => isThere() && resolve();
      listeners.add(listener);
    });
    await Promise.race([arrival, clock.sleep(waitMs, over.signal)]);
    listeners.delete(listener);
    over.abort();
  }

  return {
    arrived: (pool) => {
      for (const listener of waiting.get(pool) ?? []) listener();
    },
    async of(snapshot) {
      await untilThere(snapshot);
      const without = missing(snapshot);
      missed.set(snapshot.pool, Object.fromEntries(without.map((input) => [input, madeAt(snapshot.pool, input)])));
      return without;
    },
    forget: (pool) => {
      waiting.delete(pool);
      missed.delete(pool);
    },
  };
}
