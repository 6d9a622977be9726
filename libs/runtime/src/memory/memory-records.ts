import { CapacityError } from '@capplan/contracts';
import type { TSchema } from 'typebox';

import { textBytesMax } from '../bus/message-limit.ts';
import { defaultAckWaitMs, redeliveryDelayMs } from '../bus/redelivery.ts';
import type { SchedulingClock } from '../clock/scheduling-clock.ts';
import type { Subscription } from '../ports/bus.ts';
import type { Records } from '../ports/records.ts';
import type { Log } from '../ports/service.ts';
import { createRecordReader, isReadable, type RecordSurroundings, readable } from '../records/record-reader.ts';
import { tooManyUnrelayed, unrelayedMax } from '../records/unrelayed-limit.ts';
import type { Chance } from './faults.ts';
import { createMemoryFeed } from './memory-feed.ts';
import type { MemoryLink } from './memory-link.ts';

interface Write {
  key: string;
  /** Undefined when the record was removed. */
  text: string | undefined;
  revision: number;
}

interface RelayMember {
  link: MemoryLink;
  log: Log;
  handler: (write: Write) => Promise<void>;
}

interface MemoryRelay {
  join(member: RelayMember): Subscription;
  wake(): void;
  isBehind(): boolean;
  /** The last revision that was relayed. */
  position(): number;
}

/** One bucket, as all replicas see it. */
export interface MemoryBucket {
  get(key: string): Write | undefined;
  /** Writes when `expected` is the revision of the present record (0: there is none). */
  put(key: string, text: string | undefined, expected: number): number;
  /** Writes whatever is there now, unchecked: what a foreign or older writer could do. */
  inject(key: string, text: string): void;
  present(): Write[];
  relay(durable: string): MemoryRelay;
  onWrite(listener: (write: Write) => void): () => void;
  /** Revisions of a key that are kept. */
  kept(key: string): number;
  followers(): number;
  isBehind(): boolean;
}

export function createMemoryBucket(
  name: string,
  clock: SchedulingClock,
  chanceFor: (place: string) => Chance,
): MemoryBucket {
  const current = new Map<string, Write>();
  const history = new Map<string, number[]>();
  /** By revision, in order of revision. */
  const log = new Map<number, Write>();
  const relays = new Map<string, MemoryRelay>();
  const listeners = new Set<(write: Write) => void>();
  let revision = 0;

  const remember = (write: Write): void => {
    history.set(write.key, [...(history.get(write.key) ?? []), write.revision]);
    log.set(write.revision, write);
  };
  /** Removes the older revisions of a key that every relay is past; the newest always stays. */
  const prune = (key: string): void => {
    const floor = Math.min(...[...relays.values()].map((relay) => relay.position()));
    const revisions = history.get(key) ?? [];
    const kept = revisions.filter((one, i) => one > floor || i === revisions.length - 1);
    for (const one of revisions) if (!kept.includes(one)) log.delete(one);
    history.set(key, kept);
  };
  const after = (position: number): Write | undefined => {
    for (let next = position + 1; next <= revision; next++) {
      const write = log.get(next);
      if (write) return write;
    }
    return undefined;
  };

  const write = (key: string, text: string | undefined): number => {
    revision += 1;
    const written: Write = { key, text, revision };
    current.set(key, written);
    remember(written);
    for (const listener of listeners) listener(written);
    for (const relay of relays.values()) relay.wake();
    return revision;
  };

  return {
    get: (key) => {
      const write = current.get(key);
      return write?.text === undefined ? undefined : write;
    },
    put: (key, text, expected) => {
      const present = current.get(key);
      const presentRevision = present?.text === undefined ? 0 : present.revision;
      if (presentRevision !== expected) {
        const found = presentRevision === 0 ? 'is not there' : `is at revision ${presentRevision}`;
        const wanted = expected === 0 ? 'a new record' : `revision ${expected}`;
        throw new CapacityError('conflict', `${name} '${key}' ${found}; the write expected ${wanted}`);
      }
      if ((history.get(key)?.length ?? 0) >= unrelayedMax) prune(key);
      if ((history.get(key)?.length ?? 0) >= unrelayedMax) throw tooManyUnrelayed(name, key);
      return write(key, text);
    },
    inject: write,
    present: () =>
      [...current.values()].filter((write) => write.text !== undefined).sort((a, b) => a.revision - b.revision),
    relay: (durable) => {
      let relay = relays.get(durable);
      if (!relay) {
        relay = createMemoryRelay(clock, chanceFor(`relay/${name}/${durable}`), after, prune);
        relays.set(durable, relay);
      }
      return relay;
    },
    onWrite: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    kept: (key) => history.get(key)?.length ?? 0,
    followers: () => listeners.size,
    isBehind: () => [...relays.values()].some((relay) => relay.isBehind()),
  };
}

function createMemoryRelay(
  clock: SchedulingClock,
  chance: Chance,
  after: (position: number) => Write | undefined,
  prune: (key: string) => void,
): MemoryRelay {
  let position = 0;
  let members: RelayMember[] = [];
  let turn = 0;
  let tries = 0;
  let current: { member: RelayMember; run: Promise<void>; isLost: boolean } | undefined;
  let isBlocked = false;

  const block = (delayMs: number): void => {
    isBlocked = true;
    clock.at(clock.nowMs() + delayMs, () => {
      isBlocked = false;
      wake();
    });
  };
  const wake = (): void => queueMicrotask(pump);

  const pump = (): void => {
    if (current || isBlocked) return;
    const write = after(position);
    if (!write) return;
    const up = members.filter((member) => member.link.state() === 'up');
    const member = up[turn++ % Math.max(1, up.length)];
    if (!member) return;
    tries += 1;
    if (chance.strikes('delayDelivery')) return block(chance.delayMs());
    if (chance.strikes('dropDelivery')) return block(defaultAckWaitMs);
    const attempt = { member, run: Promise.resolve(), isLost: false };
    current = attempt;
    attempt.run = hand(write, attempt);
  };

  const hand = async (write: Write, attempt: { member: RelayMember; isLost: boolean }): Promise<void> => {
    let failure: unknown;
    let hasFailed = false;
    try {
      await attempt.member.handler(write);
    } catch (error) {
      hasFailed = true;
      failure = error;
    }
    if (attempt.isLost) return;
    current = undefined;
    if (hasFailed) {
      const delayMs = redeliveryDelayMs(tries);
      attempt.member.log.warn(
        { key: write.key, revision: write.revision, tries, delay_ms: delayMs, error: failure },
        'A change of a record could not be relayed and comes again',
      );
      return block(delayMs);
    }
    if (chance.strikes('duplicateDelivery')) return block(defaultAckWaitMs);
    position = write.revision;
    tries = 0;
    prune(write.key);
    wake();
  };

  return {
    wake,
    isBehind: () => after(position) !== undefined,
    position: () => position,
    join: (member) => {
      members = [...members, member];
      const leave = () => {
        members = members.filter((other) => other !== member);
      };
      const detach = member.link.attach({
        onDown: (state) => {
          if (state === 'crashed') leave();
          if (current?.member === member) {
            current.isLost = true;
            current = undefined;
            block(defaultAckWaitMs);
          }
        },
        onUp: wake,
      });
      wake();
      return {
        stop: async () => {
          leave();
          if (member.link.state() === 'crashed') return;
          if (current?.member === member) await current.run;
          detach();
        },
      };
    },
  };
}

/** One replica's view of a bucket. */
export function createMemoryRecords<T>(
  bucket: MemoryBucket,
  name: string,
  schema: TSchema,
  link: MemoryLink,
  base: SchedulingClock,
  around: RecordSurroundings,
): Records<T> {
  const { log } = around;
  const reader = createRecordReader<T>(name, schema, around);
  const writeFaults = { before: 'failRecordWrite', after: 'failRecordWriteAfterStoring' } as const;
  const readFaults = { before: 'failRecordRead' } as const;

  const read = ({ key, text, revision }: Write) => (text === undefined ? undefined : reader.read(key, text, revision));
  const find: Records<T>['find'] = (key) =>
    link.operate(() => {
      const write = bucket.get(key);
      const record = write && read(write);
      reader.present(key, record);
      return record;
    }, readFaults);

  return {
    get: async (key) => readable(name, await find(key)),
    find,
    create: async (key, value) => {
      const text = reader.encode(key, value, textBytesMax());
      return link.operate(() => bucket.put(key, text, 0), writeFaults);
    },
    update: async (key, value, revision) => {
      const text = reader.encode(key, value, textBytesMax());
      return link.operate(() => bucket.put(key, text, revision), writeFaults);
    },
    remove: (key, revision) =>
      link.operate(() => {
        bucket.put(key, undefined, revision);
      }, writeFaults),
    list: () =>
      link.operate(() => {
        const records = bucket.present().flatMap((write) => read(write) ?? []);
        reader.presentAll(records);
        return records.filter(isReadable);
      }, readFaults),
    relay: (durable, handler) => {
      const hand = async (write: Write): Promise<void> => {
        const record = read(write);
        if (record && !isReadable(record)) return;
        await handler({ key: write.key, value: record?.value, revision: write.revision });
      };
      return link.operate(() => bucket.relay(durable).join({ link, log, handler: hand }));
    },
    watch: async (handler) => {
      const feed = createMemoryFeed<Write>(link, base, async (write) => {
        try {
          const record = read(write);
          reader.present(write.key, record);
          await handler({ key: write.key, value: record?.value, revision: write.revision });
        } catch (error) {
          const facts = { bucket: name, key: write.key, revision: write.revision, error };
          log.error(facts, 'A watched record could not be taken in and is left out');
        }
      });
      const leave = await link.operate(() => {
        for (const write of bucket.present()) feed.push(write);
        return bucket.onWrite(feed.push);
      });
      await feed.handedOver();
      return {
        stop: () => {
          leave();
          return feed.stop();
        },
      };
    },
  };
}
