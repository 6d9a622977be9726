import { CapacityError, type DeadLetter, timestamp } from '@capplan/contracts';
import type { Delivered } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log, Metrics, Tracer } from '../ports/service.ts';
import { redeliveryDelayMs } from './redelivery.ts';
import { decodeMessage, type WireMessage } from './wire-message.ts';

/** What a bus needs from the process around it. */
export interface BusSurroundings {
  /** Name of the service. */
  name: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  tracer: Tracer;
}

export type Verdict = { kind: 'done' } | { kind: 'again'; delayMs: number } | { kind: 'dead'; letter: DeadLetter };

export interface Delivery {
  message: WireMessage;
  sequence: number;
  /** When the stream took it in, ms since the epoch. */
  storedAtMs: number;
  /** 1 at first. */
  deliveries: number;
}

export type MessageHandling = (
  delivery: Delivery,
  handler: (message: Delivered<never>) => Promise<void>,
) => Promise<Verdict>;

/** Payload of a dead letter, in base64: the letter has to fit into a message whatever it tells of. */
const deadPayloadLength = 262_144;

/**
 * What happens to one delivered message, whichever bus brought it: it is read, held against its schema, handled
 * inside its trace, and the verdict says whether it is done, comes again, or is set aside. The one place where an error
 * of a consumer becomes a redelivery or a dead letter. Never throws.
 */
export function createMessageHandling(
  around: BusSurroundings,
  consumer: { durable: string; maxDeliveries: number },
): MessageHandling {
  const handled = around.metrics.counter(
    'capacity_planner_messages_handled_total',
    'Messages delivered to a consumer, by what became of them',
    ['consumer', 'outcome'],
  );
  const dead = around.metrics.counter(
    'capacity_planner_dead_letters_total',
    'Messages set aside because they could not be handled',
    ['consumer', 'reason'],
  );

  const setAside = (delivery: Delivery, reason: DeadLetter['reason'], detail: string): Verdict => {
    const { message, deliveries } = delivery;
    const facts = {
      consumer: consumer.durable,
      subject: message.subject,
      message_id: message.id,
      reason,
      deliveries,
      detail,
    };
    around.log.error(facts, 'A message was set aside as a dead letter');
    dead.add({ consumer: consumer.durable, reason });
    handled.add({ consumer: consumer.durable, outcome: 'dead' });
    return {
      kind: 'dead',
      letter: {
        subject: message.subject,
        consumer: consumer.durable,
        reason,
        detail: detail.slice(0, 4096),
        payload: Buffer.from(message.text).toString('base64').slice(0, deadPayloadLength),
        time: timestamp(around.clock.nowMs()),
      },
    };
  };

  return async (delivery, handler) => {
    const { message, sequence, storedAtMs, deliveries } = delivery;
    if (deliveries > consumer.maxDeliveries) {
      const detail = `delivered ${deliveries} times without an acknowledgement`;
      return setAside(delivery, 'too_many_deliveries', detail);
    }
    const decoded = decodeMessage(message);
    if (!decoded.ok) return setAside(delivery, decoded.reason, decoded.detail);
    const delivered = { envelope: decoded.envelope, key: decoded.key, sequence, storedAtMs, deliveries };
    try {
      await around.tracer.continue(message.headers, () =>
        around.tracer.span(
          `handle ${decoded.envelope.type}`,
          { consumer: consumer.durable, key: decoded.key, message_id: message.id, deliveries },
          () => handler(delivered as Delivered<never>),
        ),
      );
    } catch (error) {
      const detail = describeError(error);
      if (deliveries >= consumer.maxDeliveries) return setAside(delivery, 'handler_failed', detail);
      const delayMs = redeliveryDelayMs(deliveries);
      around.log.warn(
        { consumer: consumer.durable, message_id: message.id, deliveries, delay_ms: delayMs, error },
        'A message could not be handled and comes again',
      );
      handled.add({ consumer: consumer.durable, outcome: 'again' });
      return { kind: 'again', delayMs };
    }
    handled.add({ consumer: consumer.durable, outcome: 'done' });
    return { kind: 'done' };
  };
}

/** An error in one line: code, wording, and where it comes from. */
export function describeError(error: unknown): string {
  if (error instanceof CapacityError) return `${error.code}: ${error.message}`;
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  return String(error);
}

/**
 * What a follower does with one message: a view that can be rebuilt goes on without what it cannot read. The one place
 * where an error of a follower becomes a line of the log. Never throws.
 */
export function createFollowHandling(
  around: BusSurroundings,
): (delivery: Delivery, handler: (message: Delivered<never>) => Promise<void> | void) => Promise<void> {
  return async ({ message, sequence, storedAtMs, deliveries }, handler) => {
    try {
      const decoded = decodeMessage(message);
      if (!decoded.ok) throw new CapacityError('invalid_input', decoded.detail);
      await handler({
        envelope: decoded.envelope,
        key: decoded.key,
        sequence,
        storedAtMs,
        deliveries,
      } as Delivered<never>);
    } catch (error) {
      const facts = { subject: message.subject, message_id: message.id, error };
      around.log.error(facts, 'A followed message could not be taken in and is left out');
    }
  };
}
