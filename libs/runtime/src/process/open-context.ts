import { randomBytes, randomUUID } from 'node:crypto';
import { createRandomStream, type RandomStream } from '@capplan/random';
import type { Redis } from 'ioredis';
import { createCorrectedClock } from '../clock/corrected-clock.ts';
import { createSystemClock } from '../clock/system-clock.ts';
import type { MemoryBackend } from '../memory/memory-backend.ts';
import { createNatsBus } from '../nats/nats-bus.ts';
import { connectNats, type NatsLink } from '../nats/nats-link.ts';
import { openNatsRecords } from '../nats/nats-records.ts';
import type { NatsAccess } from '../nats/nats-settings.ts';
import { ensureStreams } from '../nats/nats-streams.ts';
import { proveNatsWrites } from '../nats/nats-write-proof.ts';
import type { Records } from '../ports/records.ts';
import type { Log, ServiceContext } from '../ports/service.ts';
import { createRedisCache } from '../redis/redis-cache.ts';
import { createRedisLeases } from '../redis/redis-leases.ts';
import { connectRedis, type RedisLink } from '../redis/redis-link.ts';
import { followServerTime } from '../redis/server-time.ts';
import { createHealth } from '../telemetry/health.ts';
import { createLog, type LogLevel } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createSampledLog } from '../telemetry/sampled-log.ts';
import { createTracer } from '../telemetry/tracer.ts';

export interface OpenContextOptions {
  /** Name of the service. */
  name: string;
  /** Name of this replica; made up when left out. */
  instance?: string;
  natsUrl: string;
  redisUrl: string;
  /** How it shows NATS who it is. */
  nats?: NatsAccess;
  /** Copies of every stream and bucket, 3 in a cluster. Default 1. */
  streamReplicas?: number;
  /** How long the first connections may take. Default 60 s. */
  connectTimeoutMs?: number;
  publishTimeoutMs?: number;
  logLevel?: LogLevel;
  log?: Log;
  /** Where spans are sent; nowhere when left out. */
  otlpEndpoint?: string | undefined;
  version?: string;
  /** Makes chance repeatable; left out, every process draws differently. */
  seed?: string;
}

export interface OpenContext extends ServiceContext {
  close(): Promise<void>;
}

/** A context on real servers, with its connections for adapters that need more than the ports. */
export interface ServerContext extends OpenContext {
  nats: NatsLink;
  redis: Redis;
}

/**
 * Connects a service to the servers it lives on.
 *
 * @throws `unavailable` when one of them cannot be reached in time, `invalid_input` when one of them refuses who asks
 * @example const context = await openContext({ name: 'planner', natsUrl: 'nats://localhost:4222', redisUrl: 'redis://localhost:6379' });
 */
export async function openContext(options: OpenContextOptions): Promise<ServerContext> {
  const { name, instance = randomUUID().slice(0, 8), streamReplicas = 1, connectTimeoutMs = 60_000 } = options;
  const { log, closeLog } = logOf(options, name, instance);
  const clientName = `${name}-${instance}`;
  const startedMs = Date.now() - performance.now();
  const machine = createSystemClock((error) => log.error({ error }, 'What was due at a time failed'));
  const clock = createCorrectedClock(machine, () => startedMs + performance.now());
  const metrics = createMetrics();
  const health = createHealth();
  const tracer = createTracer({
    service: name,
    otlpEndpoint: options.otlpEndpoint,
    ...(options.version === undefined ? {} : { version: options.version }),
  });
  const nats = await connectNats(
    { url: options.natsUrl, name: clientName, connectTimeoutMs, ...(options.nats ? { access: options.nats } : {}) },
    log,
  ).catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  let link: RedisLink | undefined;
  // What is still under way when the bus drains may need Redis.
  const opened: (() => unknown)[] = [closeLog, () => tracer.close(), () => link?.close(), nats.close];
  const close = async (): Promise<void> => {
    for (const step of opened.splice(0).reverse()) await step();
  };
  let redis: RedisLink;
  try {
    redis = await connectRedis({ url: options.redisUrl, name: clientName, connectTimeoutMs, proof: 'write' }, log);
    link = redis;
    await ensureStreams(nats, streamReplicas, log);
    const time = await followServerTime(clock, redis, log);
    opened.push(time.stop);
    const storing = await proveNatsWrites(nats, { name: clientName, replicas: streamReplicas }, log);
    opened.push(storing.stop);
    health.watch('nats', storing.health);
    health.watch('redis', redis.health);
    health.watch('clock', time.health);
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }

  const bus = createNatsBus(
    nats,
    { name, clock, log, metrics, tracer },
    { replicas: streamReplicas, publishTimeoutMs: options.publishTimeoutMs ?? 10_000 },
  );
  return {
    name,
    instance,
    clock,
    random: createRandomStream(options.seed ?? randomBytes(32).toString('hex')),
    log,
    metrics,
    tracer,
    health,
    bus,
    cache: createRedisCache(redis),
    leases: createRedisLeases(redis),
    records: <T>(bucket: string, schema: Parameters<ServiceContext['records']>[1]): Promise<Records<T>> =>
      openNatsRecords<T>(nats, bucket, schema, { replicas: streamReplicas, log, metrics, health }),
    nats,
    redis: redis.redis,
    close,
  };
}

/**
 * A context in the memory world that runs on the machine's time: everything works, and nothing survives the process.
 */
export function openMemoryContext(
  backend: MemoryBackend,
  options: { name: string; instance?: string; logLevel?: LogLevel; log?: Log; random?: RandomStream },
): OpenContext {
  const { name, instance = '1' } = options;
  const { log, closeLog } = logOf(options, name, instance);
  const tracer = createTracer({ service: name });
  const context = backend.context(name, instance, { log, tracer });
  return {
    ...context,
    ...(options.random ? { random: options.random } : {}),
    close: async () => {
      context.crash();
      await tracer.close();
      await closeLog();
    },
  };
}

/** The log that is given, or one on stdout in which the same line again and again is counted instead of written. */
function logOf(
  options: { log?: Log; logLevel?: LogLevel },
  service: string,
  instance: string,
): { log: Log; closeLog(): Promise<void> } {
  if (options.log) return { log: options.log, closeLog: async () => {} };
  const written = createLog({ service, instance, level: options.logLevel ?? 'info' });
  const log = createSampledLog(written, createSystemClock());
  return { log, closeLog: log.close };
}
