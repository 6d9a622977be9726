import {
  CapacityError,
  check,
  Envelope,
  type ErrorCode,
  errorCatalogue,
  messageDepthMax,
  type ReplyData,
  ReplyEnvelope,
  type RequestData,
  type RequestName,
  readJson,
  requestCatalogue,
  timestamp,
} from '@capplan/contracts';
import type { IncomingRequest, RequestOptions } from '../ports/bus.ts';
import type { BusSurroundings } from './handle-message.ts';
import { holdSize } from './message-limit.ts';

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

/**
 * Reads a question, lets the owner answer it and returns the answer as it goes back: the one place where an error of an
 * owner becomes an answer. An answer that no message can carry becomes the error `too_large`. Never throws.
 */
export async function answerRequest<N extends RequestName>(
  around: BusSurroundings,
  name: N,
  question: { text: string; headers: Record<string, string>; replyBytesMax: number },
  handler: (request: IncomingRequest<N>) => Promise<ReplyData<N>>,
): Promise<string> {
  try {
    const request = readRequest(name, question.text);
    const data = await around.tracer.continue(question.headers, () =>
      around.tracer.span(`answer ${name}`, { key: request.key, message_id: request.id }, () => handler(request)),
    );
    const checked = check(requestCatalogue[name].reply, data);
    if (!checked.ok) {
      throw new CapacityError(
        'internal',
        `the reply to ${name} does not fit its schema: ${checked.problems.join('; ')}`,
      );
    }
    const reply = JSON.stringify({ ok: true, data } satisfies ReplyEnvelope);
    holdSize(`the answer to ${name}`, reply, question.replyBytesMax);
    return reply;
  } catch (error) {
    return refusal(around, name, error, question.replyBytesMax);
  }
}

/** An error as it goes back to the asker. */
function refusal(around: BusSurroundings, name: RequestName, error: unknown, bytesMax: number): string {
  const isOurs = error instanceof CapacityError;
  const code = isOurs ? error.code : 'internal';
  if (code === 'internal') around.log.error({ request: name, error }, 'A request failed');
  if (code === 'too_large') around.log.warn({ request: name, error }, 'An answer was too large');
  // What an unexpected error says may name things that are nobody's business.
  const message = isOurs ? error.message : `${name} failed; the log of ${around.name} says why`;
  const brief = { code, message: message.slice(0, messageLengthMax) };
  if (!isOurs || error.detail === undefined) return refused(brief);
  try {
    const whole = refused({ ...brief, detail: error.detail });
    if (Buffer.byteLength(whole) <= bytesMax) return whole;
  } catch {
    // A detail that is no JSON.
  }
  return refused(brief);
}

/** More of an error's wording helps nobody. */
const messageLengthMax = 4_096;

function refused(error: { code: ErrorCode; message: string; detail?: unknown }): string {
  return JSON.stringify({ ok: false, error } satisfies ReplyEnvelope);
}

function readRequest<N extends RequestName>(name: N, text: string): IncomingRequest<N> {
  let envelope: Envelope;
  try {
    envelope = readJson(text, messageDepthMax) as Envelope;
  } catch (cause) {
    throw new CapacityError('invalid_input', `the request ${name} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
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
