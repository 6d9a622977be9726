import { CapacityError } from '@capplan/contracts';
import type { SchedulingClock } from '../clock/scheduling-clock.ts';
import { everyOn } from '../clock/ticker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Chance, FaultName } from './faults.ts';

/** Something that takes part in the world on behalf of a replica and must know when the replica cannot. */
export interface LinkedPart {
  /** The replica is cut off (it lives, and reaches nothing) or has crashed (it is no more). */
  onDown(state: 'cut' | 'crashed'): void;
  onUp(): void;
}

/** The thread by which one replica hangs on the memory world. */
export interface MemoryLink {
  state(): 'up' | 'cut' | 'crashed';
  cut(): void;
  heal(): void;
  crash(): void;
  /** Crashes just before or just after the n-th operation from now takes effect (1 = the next). */
  crashAtOperation(n: number, when: 'before' | 'after'): void;
  operations(): number;
  attach(part: LinkedPart): () => void;
  /** Carries out one operation with the faults that may befall it. Never settles for a crashed replica. */
  operate<T>(work: () => T, faults?: { before?: FaultName; after?: FaultName }): Promise<T>;
  /** Resolves for a replica that lives, and never for one that has crashed. */
  alive(): Promise<void>;
  /** Time as this replica sees it: after a crash it never wakes again. */
  clock: Clock;
  chance: Chance;
}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}

export function createMemoryLink(name: string, base: SchedulingClock, chance: Chance): MemoryLink {
  let state: 'up' | 'cut' | 'crashed' = 'up';
  let operations = 0;
  let crashPoint: { at: number; when: 'before' | 'after' } | undefined;
  const parts = new Set<LinkedPart>();
  const isCrashed = (): boolean => state === 'crashed';

  const down = (to: 'cut' | 'crashed'): void => {
    if (state === 'crashed' || state === to) return;
    state = to;
    for (const part of [...parts]) part.onDown(to);
    if (to === 'crashed') parts.clear();
  };

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (isCrashed()) return never();
    return base.sleep(ms, signal).then(() => (isCrashed() ? never<void>() : undefined));
  };
  const clock: Clock = {
    nowMs: base.nowMs,
    sleep,
    every: (periodMs, task, onError) => {
      const ticker = everyOn(clock, periodMs, task, onError);
      return { stop: () => (isCrashed() ? Promise.resolve() : ticker.stop()) };
    },
  };

  const unreachable = () => new CapacityError('unavailable', `${name} cannot reach the servers`);

  const operate = async <T>(work: () => T, faults: { before?: FaultName; after?: FaultName } = {}): Promise<T> => {
    if (isCrashed()) return never();
    operations += 1;
    const crashes = crashPoint?.at === operations ? crashPoint.when : undefined;
    if (crashes === 'before') {
      down('crashed');
      return never();
    }
    if (chance.strikes('delayOperation')) {
      await base.sleep(chance.delayMs());
      if (isCrashed()) return never();
    }
    if (state === 'cut' || (faults.before && chance.strikes(faults.before))) throw unreachable();
    const result = work();
    if (crashes === 'after') {
      down('crashed');
      return never();
    }
    await Promise.resolve();
    if (isCrashed()) return never();
    if (faults.after && chance.strikes(faults.after)) throw unreachable();
    return result;
  };

  return {
    state: () => state,
    cut: () => down('cut'),
    heal: () => {
      if (state !== 'cut') return;
      state = 'up';
      for (const part of [...parts]) part.onUp();
    },
    crash: () => down('crashed'),
    crashAtOperation: (n, when) => {
      crashPoint = { at: operations + n, when };
    },
    operations: () => operations,
    attach: (part) => {
      parts.add(part);
      return () => parts.delete(part);
    },
    operate,
    alive: () => (isCrashed() ? never() : Promise.resolve()),
    clock,
    chance,
  };
}
