import { CapacityError } from '@capplan/contracts';
import type { ServiceContext } from '../ports/service.ts';

/** What an adapter must offer so that a conformance suite can try it. */
export interface Harness {
  /** A replica's view; the same name shares durables, each call is a replica of its own. */
  context(name: string): Promise<ServiceContext>;
  /** Ends a replica as a crash would: what it held must come to others. */
  kill(context: ServiceContext): Promise<void>;
  /** Lets so much time pass, and whatever falls due happen. */
  pass(ms: number): Promise<void>;
  /** Awaits a promise that may need time to pass. */
  settled<T>(promise: Promise<T>): Promise<T>;
  /** Puts a message into the stream of its subject as it is. */
  inject(message: { subject: string; id: string; text: string; type: string; key: string }): Promise<void>;
  /** Puts a record into a bucket as it is, whatever is there. */
  injectRecord(bucket: string, key: string, text: string): Promise<void>;
  /** Revisions of a record that its bucket keeps. */
  keptRevisions(bucket: string, key: string): Promise<number>;
  /** Readers of a bucket that are there for one replica alone: each ends with its reading. */
  followers(bucket: string): Promise<number>;
  /** Dead letters so far. */
  deadLetters(): Promise<{ consumer: string; reason: string; subject: string }[]>;
  close(): Promise<void>;
}

/** Lets time pass until the condition holds; fails with what was awaited when it does not. */
export async function eventually(
  harness: Harness,
  awaited: string,
  condition: () => boolean,
  limitMs = 15_000,
): Promise<void> {
  const stepMs = 20;
  for (let passedMs = 0; passedMs < limitMs; passedMs += stepMs) {
    if (condition()) return;
    await harness.pass(stepMs);
  }
  if (!condition()) throw new Error(`not within ${limitMs} ms: ${awaited}`);
}

/** The refusal in which a promise must end. */
export async function failureOf(world: Harness, promise: Promise<unknown>): Promise<CapacityError> {
  const outcome = await world.settled(promise.catch((error: unknown) => error));
  if (!(outcome instanceof CapacityError)) throw new Error(`expected a refusal, got ${String(outcome)}`);
  return outcome;
}
