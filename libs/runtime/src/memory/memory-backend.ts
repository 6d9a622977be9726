import type { DeadLetter } from '@capplan/contracts';
import { createRandomStream, type RandomStream } from '@capplan/random';
import { streamOfEvent } from '../bus/stream-plan.ts';
import type { WireMessage } from '../bus/wire-message.ts';
import type { SchedulingClock } from '../clock/scheduling-clock.ts';
import type { Log, ServiceContext, Tracer } from '../ports/service.ts';
import { createHealth } from '../telemetry/health.ts';
import { createMemoryLog, type LogLine } from '../telemetry/memory-log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createSilentTracer } from '../telemetry/silent-tracer.ts';
import { createChance, type Faults } from './faults.ts';
import { createMemoryBroker, createMemoryBus } from './memory-bus.ts';
import { createMemoryCache, createMemoryCacheStore, createMemoryLeases } from './memory-cache.ts';
import { createMemoryLink } from './memory-link.ts';
import { createMemoryBucket, createMemoryRecords, type MemoryBucket } from './memory-records.ts';
import type { StoredMessage } from './memory-stream.ts';

/** A replica in the memory world. */
export interface MemoryContext extends ServiceContext {
  /** The process is gone at once: nothing that it awaits settles any more, and what it held comes to others. */
  crash(): void;
  /** Crashes just before or just after the n-th operation from now takes effect (1 = the next). */
  crashAtOperation(n: number, when: 'before' | 'after'): void;
  /** Operations of bus, records, cache and leases so far. */
  operations(): number;
  /** Lives on, and reaches nothing: every operation fails with `unavailable`, what it holds comes to others. */
  cutOff(): void;
  /** Ends `cutOff`. */
  heal(): void;
  isUp(): boolean;
  lines(): readonly LogLine[];
}

export interface MemoryBackend {
  /**
   * One replica's view of the world. A new replica of the same name goes on where the last one stopped, and a
   * replica of the same name and instance is a restarted one.
   */
  context(name: string, instance?: string, options?: { tracer?: Tracer; log?: Log }): MemoryContext;
  setFaults(faults: Faults): void;
  /** Everything said on a plane so far and still kept, in order; only what came after a sequence, when one is given. */
  messages(
    plane: 'events' | 'ingest',
    afterSequence?: number,
  ): { type: string; key: string; sequence: number; timeMs: number; envelope: unknown }[];
  deadLetters(): readonly DeadLetter[];
  /** Puts a message into a stream as it is, unchecked: what a foreign or faulty writer could do. */
  inject(message: Pick<WireMessage, 'subject' | 'id' | 'text'>, type: string, key: string): void;
  /** A bucket of records as the store has it. */
  bucket(name: string): MemoryBucket;
  /** Messages and changes of records that some durable consumer has yet to acknowledge. */
  pending(): number;
}

/**
 * A world in memory: bus, records, cache and leases, shared by all replicas of all services in one process. It keeps
 * the promises of the ports and no more, and breaks what `faults` says as chance has it. The same seed, the same
 * services and the same steps of the clock give the same history.
 *
 * @example
 * const clock = createVirtualClock({ startMs: 0 });
 * const backend = createMemoryBackend({ clock, random: createRandomStream(7), faults: { duplicateDelivery: 0.05 } });
 * const planner = createPlanner(backend.context('planner'), config, ports);
 */
export function createMemoryBackend(settings: {
  clock: SchedulingClock;
  random?: RandomStream;
  faults?: Faults;
}): MemoryBackend {
  const { clock, random = createRandomStream(1) } = settings;
  let faults = settings.faults ?? {};
  const chanceFor = (place: string) => createChance(random.fork(`faults/${place}`), () => faults);
  const broker = createMemoryBroker(clock, chanceFor);
  const cacheStore = createMemoryCacheStore();
  const buckets = new Map<string, MemoryBucket>();
  const lives = new Map<string, number>();

  const bucketOf = (name: string): MemoryBucket => {
    let bucket = buckets.get(name);
    if (!bucket) {
      bucket = createMemoryBucket(name, clock, chanceFor);
      buckets.set(name, bucket);
    }
    return bucket;
  };

  const context: MemoryBackend['context'] = (name, instance = '1', options = {}) => {
    const { tracer = createSilentTracer() } = options;
    // A restarted replica must not repeat the chances and identifiers of its former life.
    const life = (lives.get(`${name}/${instance}`) ?? 0) + 1;
    lives.set(`${name}/${instance}`, life);
    const place = `${name}/${instance}/${life}`;
    const link = createMemoryLink(place, clock, chanceFor(place));
    const memoryLog = createMemoryLog();
    const log = options.log ?? memoryLog;
    const metrics = createMetrics();
    const health = createHealth();
    const around = { name, instance: `${instance}-${life}`, clock: link.clock, log, metrics, tracer };
    return {
      name,
      instance,
      clock: link.clock,
      random: random.fork(place),
      log,
      metrics,
      tracer,
      health,
      bus: createMemoryBus(broker, link, clock, around),
      cache: createMemoryCache(cacheStore, link, clock),
      leases: createMemoryLeases(cacheStore, link, clock),
      records: (bucket, schema) =>
        link.operate(() =>
          createMemoryRecords(bucketOf(bucket), bucket, schema, link, clock, { log, metrics, health }),
        ),
      crash: link.crash,
      crashAtOperation: link.crashAtOperation,
      operations: link.operations,
      cutOff: link.cut,
      heal: link.heal,
      isUp: () => link.state() === 'up',
      lines: memoryLog.lines,
    };
  };

  const read = ({ message, type, key, sequence, timeMs }: StoredMessage) => ({
    type,
    key,
    sequence,
    timeMs,
    envelope: JSON.parse(message.text) as unknown,
  });

  return {
    context,
    setFaults: (next) => {
      faults = next;
    },
    messages: (plane, afterSequence = 0) => {
      const { ingest, ...events } = broker.streams;
      const streams = plane === 'ingest' ? [ingest] : Object.values(events);
      return streams
        .flatMap((stream) => stream.kept(clock.nowMs()).filter(({ sequence }) => sequence > afterSequence))
        .sort((a, b) => a.sequence - b.sequence)
        .map(read);
    },
    deadLetters: () => broker.deadLetters,
    inject: ({ subject, id, text }, type, key) => {
      const stream = subject.startsWith('capacity.ingest.') ? 'ingest' : streamOfEvent(type);
      broker.store(stream, { subject, id, text, headers: {} }, type, key);
    },
    bucket: bucketOf,
    pending: () => broker.pending() + [...buckets.values()].filter((bucket) => bucket.isBehind()).length,
  };
}
