import type { DeadLetter } from '@capplan/contracts';
import type { MessageHandling, Verdict } from '../bus/handle-message.ts';
import type { SchedulingClock } from '../clock/scheduling-clock.ts';
import type { Delivered, Subscription } from '../ports/bus.ts';
import type { Chance } from './faults.ts';
import type { MemoryLink } from './memory-link.ts';
import type { StoredMessage } from './memory-stream.ts';

interface Entry {
  stored: StoredMessage;
  deliveries: number;
  /** Has been held back by chance already, and is not a second time. */
  isHeldBack: boolean;
}

interface Attempt {
  entry: Entry;
  /** The server no longer waits for this attempt. */
  isLost: boolean;
  run: Promise<void>;
}

interface Member {
  link: MemoryLink;
  handling: MessageHandling;
  handler: (message: Delivered<never>) => Promise<void>;
  concurrency: number;
  active: number;
  attempts: Set<Attempt>;
  /** The last attempt under way of each key. */
  chains: Map<string, Promise<void>>;
}

export interface MemoryDurableOptions {
  clock: SchedulingClock;
  chance: Chance;
  ackWaitMs: number;
  isKept(stored: StoredMessage): boolean;
  onDead(letter: DeadLetter): void;
}

/** The place of one named consumer in a stream, shared by the replicas of a service. */
export interface MemoryDurable {
  offer(stored: StoredMessage): void;
  join(member: Pick<Member, 'link' | 'handling' | 'handler' | 'concurrency'>): Subscription;
  /** Messages not yet acknowledged. */
  pending(): number;
}

export function createMemoryDurable({ clock, chance, ackWaitMs, isKept, onDead }: MemoryDurableOptions): MemoryDurable {
  let fresh: Entry[] = [];
  let freshFirst = 0;
  /** What comes again goes before what is new. */
  const again: Entry[] = [];
  let members: Member[] = [];
  let turn = 0;
  let open = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let isPumping = false;

  const wake = (): void => {
    if (isPumping) return;
    isPumping = true;
    queueMicrotask(() => {
      isPumping = false;
      pump();
    });
  };

  const comeAgain = (entry: Entry, delayMs: number): void => {
    clock.at(clock.nowMs() + delayMs, () => {
      again.push(entry);
      wake();
    });
  };

  const take = (): Entry | undefined => {
    const entry = again.shift();
    if (entry) return entry;
    if (freshFirst >= fresh.length) return undefined;
    const next = fresh[freshFirst++] as Entry;
    if (freshFirst > 256 && freshFirst > fresh.length / 2) {
      fresh = fresh.slice(freshFirst);
      freshFirst = 0;
    }
    return next;
  };

  const freeMember = (): Member | undefined => {
    for (let i = 0; i < members.length; i++) {
      const member = members[(turn + i) % members.length] as Member;
      if (member.link.state() === 'up' && member.active < member.concurrency) {
        turn = (turn + i + 1) % members.length;
        return member;
      }
    }
    return undefined;
  };

  const pump = (): void => {
    while (clock.nowMs() >= pausedUntilMs) {
      if (again.length === 0 && freshFirst >= fresh.length) return;
      const member = freeMember();
      if (!member) return;
      const entry = take() as Entry;
      if (!isKept(entry.stored)) {
        open -= 1;
        continue;
      }
      if (!entry.isHeldBack && chance.strikes('delayDelivery')) {
        entry.isHeldBack = true;
        pausedUntilMs = clock.nowMs() + chance.delayMs();
        again.unshift(entry);
        clock.at(pausedUntilMs, wake);
        return;
      }
      if (!entry.isHeldBack && chance.strikes('reorderDelivery')) {
        entry.isHeldBack = true;
        comeAgain(entry, chance.delayMs());
        continue;
      }
      entry.deliveries += 1;
      if (chance.strikes('dropDelivery')) comeAgain(entry, ackWaitMs);
      else attempt(member, entry);
    }
  };

  const attempt = (member: Member, entry: Entry): void => {
    const { key, message, sequence, timeMs } = entry.stored;
    const before = member.chains.get(key);
    const current: Attempt = { entry, isLost: false, run: Promise.resolve() };
    member.active += 1;
    member.attempts.add(current);
    const run = async (): Promise<void> => {
      if (before) await before;
      if (!current.isLost) {
        const delivery = { message, sequence, storedAtMs: timeMs, deliveries: entry.deliveries };
        // Handling does not throw; should it ever, the message comes again, as it would from a server.
        const verdict = await member
          .handling(delivery, member.handler)
          .catch((): Verdict => ({ kind: 'again', delayMs: ackWaitMs }));
        if (!current.isLost) settle(entry, verdict);
      }
      member.active -= 1;
      member.attempts.delete(current);
      if (member.chains.get(key) === current.run) member.chains.delete(key);
      wake();
    };
    current.run = run();
    member.chains.set(key, current.run);
  };

  const settle = (entry: Entry, verdict: Verdict): void => {
    if (verdict.kind === 'again') comeAgain(entry, verdict.delayMs);
    else if (chance.strikes('duplicateDelivery')) comeAgain(entry, ackWaitMs);
    else open -= 1;
    if (verdict.kind === 'dead') onDead(verdict.letter);
  };

  const loseAttempts = (member: Member): void => {
    for (const lost of member.attempts) {
      if (lost.isLost) continue;
      lost.isLost = true;
      comeAgain(lost.entry, ackWaitMs);
    }
  };

  return {
    offer: (stored) => {
      open += 1;
      fresh.push({ stored, deliveries: 0, isHeldBack: false });
      wake();
    },
    pending: () => open,
    join: ({ link, handling, handler, concurrency }) => {
      const member: Member = {
        link,
        handling,
        handler,
        concurrency,
        active: 0,
        attempts: new Set(),
        chains: new Map(),
      };
      members = [...members, member];
      const leave = () => {
        members = members.filter((other) => other !== member);
      };
      const detach = link.attach({
        onDown: (state) => {
          loseAttempts(member);
          if (state === 'crashed') leave();
        },
        onUp: wake,
      });
      wake();
      return {
        stop: async () => {
          leave();
          if (link.state() === 'crashed') return;
          await Promise.all([...member.attempts].map((under) => under.run));
          detach();
        },
      };
    },
  };
}
