import {
  CapacityError,
  check,
  Envelope,
  type ErrorCode,
  errorCatalogue,
  type ReplyData,
  ReplyEnvelope,
  type RequestData,
  type RequestName,
  requestCatalogue,
  timestamp,
} from '@capplan/contracts';
import type { IncomingRequest, RequestOptions } from '../ports/bus.ts';
import { type BusSurroundings } from './handle-message.ts';

/** A question as it goes over the wire. */
export function encodeRequest<N extends RequestName>(
  name: N,
  data: RequestData<N>,
  request: RequestOptions & { id: string; nowMs: number },
): string {
  const envelope: Envelope = {
    id: request.id,
    type: name,
    time: timestamp(request.nowMs),
    key: request.key,
    actor: request.actor,
    data,
  };
  return JSON.stringify(envelope);
}

/** Reads a question, lets the owner answer it and returns the answer as it goes back. Never throws. */
export async function answerRequest<N extends RequestName>(
  around: BusSurroundings,
  name: N,
  text: string,
  headers: Record<string, string>,
  handler: (request: IncomingRequest<N>) => Promise<ReplyData<N>>,
): Promise<string> {
  let reply: ReplyEnvelope;
  try {
    const request = readRequest(name, text);
    const data = await around.tracer.continue(headers, () =>
      around.tracer.span(`answer ${name}`, { key: request.key, message_id: request.id }, () => handler(request)),
    );
    const checked = check(requestCatalogue[name].reply, data);
    if (!checked.ok) {
      throw new CapacityError(
        'internal',
        `the reply to ${name} does not fit its schema: ${checked.problems.join('; ')}`,
      );
    }
    reply = { ok: true, data };
  } catch (error) {
    const code = error instanceof CapacityError ? error.code : 'internal';
    if (code === 'internal') around.log.error({ request: name, error }, 'A request failed');
    const isOurs = error instanceof CapacityError;
    reply = {
      ok: false,
      error: {
        code,
        // What an unexpected error says may name things that are nobody's business.
        message: isOurs ? error.message : `${name} failed; the log of ${around.name} says why`,
        ...(isOurs && error.detail !== undefined ? { detail: error.detail } : {}),
      },
    };
  }
  return JSON.stringify(reply);
}

function readRequest<N extends RequestName>(name: N, text: string): IncomingRequest<N> {
  let envelope: Envelope;
  try {
    envelope = JSON.parse(text) as Envelope;
  } catch (cause) {
    throw new CapacityError('invalid_input', `the request ${name} is not JSON`, { cause });
  }
  const outer = check(Envelope, envelope);
  if (!outer.ok)
    throw new CapacityError('invalid_input', `the request ${name} is malformed: ${outer.problems.join('; ')}`);
  const inner = check(requestCatalogue[name].request, envelope.data);
  if (!inner.ok) {
    const message = `the request ${name} does not fit its schema: ${inner.problems.join('; ')}`;
    throw new CapacityError('invalid_input', message, { detail: inner.problems });
  }
  const data = envelope.data as RequestData<N>;
  return { id: envelope.id, name, key: envelope.key, actor: envelope.actor, data };
}

/** Reads an answer; throws the error that it carries. */
export function readReply<N extends RequestName>(name: N, text: string): ReplyData<N> {
  let reply: ReplyEnvelope;
  try {
    reply = JSON.parse(text) as ReplyEnvelope;
  } catch (cause) {
    throw new CapacityError('internal', `the reply to ${name} is not JSON`, { cause });
  }
  const outer = check(ReplyEnvelope, reply);
  if (!outer.ok) throw new CapacityError('internal', `the reply to ${name} is malformed: ${outer.problems.join('; ')}`);
  if (!reply.ok) {
    const { code, message, detail } = reply.error;
    const known: ErrorCode = Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'internal';
    throw new CapacityError(known, message, { detail });
  }
  const inner = check(requestCatalogue[name].reply, reply.data);
  if (!inner.ok) {
    throw new CapacityError('internal', `the reply to ${name} does not fit its schema: ${inner.problems.join('; ')}`);
  }
  return reply.data as ReplyData<N>;
}
