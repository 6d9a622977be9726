import { CapacityError } from '@capplan/contracts';
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamInfo } from '@nats-io/jetstream';
import { nanos, PermissionViolationError, TimeoutError } from '@nats-io/nats-core';
import { type StreamPlan, streamPlans } from '../bus/stream-plan.ts';
import type { Log } from '../ports/service.ts';
import { moveRecordEvents } from './move-record-events.ts';
import { apiCodeOf, isNoResponders, type NatsLink } from './nats-link.ts';
import { streamCompression } from './stream-compression.ts';

const streamNotFound = 10_059;
const streamNameInUse = 10_058;
const noSpace = 10_047;
const notForAccount = 10_039;
const smallestBytes = 64 * 2 ** 20;

/**
 * Makes the streams that are not there and brings the others up to date; harmless when several services do it at once.
 *
 * @throws `invalid_input` when the user of this connection may not use JetStream, `unavailable` when JetStream is silent
 */
export async function ensureStreams(link: NatsLink, replicas: number, log: Log): Promise<void> {
  try {
    const { events, ...others } = streamPlans;
    // A subject has one stream: that of decisions lets go of the events of records before their own begins. Where it
    // is not there yet it comes last, because the largest one would leave no room for the others.
    const isThere = (await find(link, events.name)) !== undefined;
    const plans = isThere ? [events, ...Object.values(others)] : [...Object.values(others), events];
    for (const plan of plans) await ensureStream(link, plan, replicas, log);
    await moveRecordEvents(link.manager, log);
  } catch (cause) {
    throw startError(cause);
  }
}

function startError(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const denied = [cause, cause.cause].find((error) => error instanceof PermissionViolationError);
  if (denied) {
    const what = `the user at NATS lacks a right (${(denied as Error).message})`;
    return new CapacityError('invalid_input', `${what}; give it those of JetStream and of capacity.>`, { cause });
  }
  if (apiCodeOf(cause.cause) === notForAccount) {
    const what = 'the account at NATS may not use JetStream';
    return new CapacityError('invalid_input', `${what}; enable JetStream for it, or give a user of another account`, {
      cause,
    });
  }
  if (!(cause instanceof TimeoutError || isNoResponders(cause))) return cause;
  const what = `JetStream does not answer (${cause.message})`;
  return new CapacityError('unavailable', `${what}; is it on at the server, and for the account of this user?`, {
    cause,
  });
}

/** Makes one stream, smaller than planned where the server has not that much room. */
export async function ensureStream(link: NatsLink, plan: StreamPlan, replicas: number, log: Log): Promise<void> {
  const { manager } = link;
  const limits = {
    ...(plan.isCompressed && streamCompression(link.connection)),
    subjects: [...plan.subjects],
    max_age: nanos(plan.maxAgeMs),
    max_msgs_per_subject: plan.maxPerSubject === 0 ? -1 : plan.maxPerSubject,
    duplicate_window: nanos(plan.dedupWindowMs),
  };
  for (let maxBytes = plan.maxBytes; ; maxBytes = Math.floor(maxBytes / 2)) {
    try {
      const present = await find(link, plan.name);
      if (!present) {
        await manager.streams.add({
          name: plan.name,
          ...limits,
          max_bytes: maxBytes,
          storage: StorageType.File,
          retention: RetentionPolicy.Limits,
          discard: DiscardPolicy.Old,
          num_replicas: replicas,
          allow_direct: true,
        });
      } else if (Object.entries(limits).some(([name, value]) => differs(present.config[name as 'subjects'], value))) {
        await manager.streams.update(plan.name, limits);
      }
      if (maxBytes < plan.maxBytes) {
        const facts = { stream: plan.name, max_bytes: maxBytes, planned_bytes: plan.maxBytes };
        log.warn(facts, 'The server has not the planned room for this stream; it is smaller');
      }
      return;
    } catch (error) {
      if (apiCodeOf(error) === streamNameInUse) return;
      if (apiCodeOf(error) !== noSpace || maxBytes < 2 * smallestBytes) throw error;
    }
  }
}

async function find({ manager }: NatsLink, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (apiCodeOf(error) === streamNotFound) return undefined;
    throw error;
  }
}

function differs(present: unknown, wanted: unknown): boolean {
  return JSON.stringify(present) !== JSON.stringify(wanted);
}
