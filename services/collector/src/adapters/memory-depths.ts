import { CapacityError } from '@capplan/contracts';
import type { QueueDepths } from '../ports.ts';

export interface MemoryDepths extends QueueDepths {
  /** Says how deep a queue is from now on. */
  set(name: string, jobs: number): void;
  /** While true, nobody answers. */
  unreachable: boolean;
}

/** The twin: depths as they were set. A queue nobody has put anything into is empty. */
export function createMemoryDepths(): MemoryDepths {
  const depths = new Map<string, number>();
  const twin: MemoryDepths = {
    unreachable: false,
    set: (name, jobs) => void depths.set(name, jobs),
    read: async (queue) => {
      if (twin.unreachable) throw new CapacityError('unavailable', 'the queue cannot be reached');
      return { jobs: depths.get(queue.name) ?? 0, asOfMs: Number.POSITIVE_INFINITY };
    },
  };
  return twin;
}
