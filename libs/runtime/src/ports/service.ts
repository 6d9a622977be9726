import type { RandomStream } from '@capplan/random';
import type { TSchema } from 'typebox';
import type { Bus } from './bus.ts';
import type { Cache, Leases } from './cache.ts';
import type { Clock } from './clock.ts';
import type { Records } from './records.ts';

/** A line of the log: a sentence and its facts. */
export interface Log {
  debug(facts: object, sentence: string): void;
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
}

/** Figures for Prometheus. Names carry their unit; a metric is made once and kept. */
export interface Metrics {
  counter(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { add(labels?: Record<string, string>, by?: number): void };
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
  ): {
    set(value: number, labels?: Record<string, string>): void;
    /** The figure with these labels is shown no more: what it told of is gone. */
    remove(labels: Record<string, string>): void;
  };
  histogram(
    name: string,
    help: string,
    labels?: readonly string[],
    buckets?: readonly number[],
  ): { observe(value: number, labels?: Record<string, string>): void };
  /** Shows no figure any more, of whatever name, that carries these labels: what they name is gone. */
  forget(labels: Record<string, string>): Promise<void>;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
}

export interface Tracer {
  /** Runs `work` inside a span that follows from the current one; an error is recorded and thrown on. */
  span<T>(name: string, attributes: Record<string, string | number | boolean>, work: () => Promise<T>): Promise<T>;
  /** The current trace context as headers, to be sent along. */
  inject(headers: Record<string, string>): void;
  /** Runs `work` as part of the trace that the headers name. */
  continue<T>(headers: Record<string, string>, work: () => Promise<T>): Promise<T>;
}

export interface Health {
  /** Names something that must be well for this service to be ready. */
  watch(name: string, check: () => { ready: boolean; detail: string }): void;
  report(): { ready: boolean; checks: Record<string, { ready: boolean; detail: string }> };
}

/** Everything that a service gets from the process around it. */
export interface ServiceContext {
  /** Name of the service, such as `planner`. */
  name: string;
  /** Name of this replica, unique among its kind. */
  instance: string;
  clock: Clock;
  random: RandomStream;
  log: Log;
  metrics: Metrics;
  tracer: Tracer;
  health: Health;
  bus: Bus;
  cache: Cache;
  leases: Leases;
  /** Opens a bucket of records; made when it is not there. */
  records<T>(bucket: string, schema: TSchema): Promise<Records<T>>;
}

/** What every `createX(context, config, ports)` returns. */
export interface Service {
  name: string;
  /** Resolves when it takes messages. */
  start(): Promise<void>;
  /** Finishes what is under way, then stops; safe to call twice. */
  stop(): Promise<void>;
}
