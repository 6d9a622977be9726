import type { SchedulingClock } from '../clock/scheduling-clock.ts';
import type { Subscription } from '../ports/bus.ts';
import type { MemoryLink } from './memory-link.ts';

/** Hands items to one replica, one after another; what comes while it is cut off is made up for afterwards. */
export interface MemoryFeed<T> extends Subscription {
  push(item: T): void;
  /** Resolves when everything pushed so far has been handed over. */
  handedOver(): Promise<void>;
}

export function createMemoryFeed<T>(
  link: MemoryLink,
  clock: SchedulingClock,
  handle: (item: T) => Promise<void> | void,
): MemoryFeed<T> {
  const waiting: T[] = [];
  let isStopped = false;
  let isDraining = false;
  let draining: Promise<void> = Promise.resolve();
  let pushed = 0;
  let done = 0;
  const waiters: { count: number; resolve: () => void }[] = [];

  const drain = async (): Promise<void> => {
    await Promise.resolve();
    while (waiting.length > 0 && !isStopped && link.state() === 'up') {
      if (link.chance.strikes('delayDelivery')) {
        await clock.sleep(link.chance.delayMs());
        if (isStopped || link.state() !== 'up') break;
      }
      await handle(waiting.shift() as T);
      done += 1;
      while (waiters[0] && waiters[0].count <= done) waiters.shift()?.resolve();
    }
    isDraining = false;
  };
  const wake = (): void => {
    if (isDraining || isStopped) return;
    isDraining = true;
    draining = drain();
  };
  const detach = link.attach({ onDown: () => {}, onUp: wake });

  return {
    push: (item) => {
      if (link.state() === 'crashed') return;
      waiting.push(item);
      pushed += 1;
      wake();
    },
    handedOver: () =>
      new Promise((resolve) => {
        if (done >= pushed) resolve();
        else waiters.push({ count: pushed, resolve });
      }),
    stop: async () => {
      isStopped = true;
      detach();
      if (link.state() !== 'crashed') await draining;
    },
  };
}
