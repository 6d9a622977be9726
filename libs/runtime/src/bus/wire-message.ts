import {
  type Actor,
  CapacityError,
  check,
  Envelope,
  type EventType,
  eventCatalogue,
  eventSubject,
  type IngestKind,
  ingestCatalogue,
  ingestSubject,
  messageDepthMax,
  messageId,
  readJson,
  splitSubject,
  timestamp,
} from '@capplan/contracts';

/** A message as it lies in a stream. */
export interface WireMessage {
  subject: string;
  id: string;
  /** The envelope as JSON. */
  text: string;
  headers: Record<string, string>;
  /** Set once it has been held against its schema, so that further readers in the same process need not. */
  isChecked?: boolean;
}

export type Decoded =
  | { ok: true; envelope: Envelope; key: string }
  | { ok: false; reason: 'malformed' | 'schema'; detail: string };

interface ToEncode {
  key: string;
  cause: string;
  data: unknown;
  causationId?: string | undefined;
  actor?: Actor | undefined;
}

/** An event as it goes over the wire. Throws `invalid_input` when it does not fit its schema: our own mistake stops at its source. */
export function encodeEvent(
  sender: { name: string; nowMs: number; headers: Record<string, string> },
  event: ToEncode & { type: EventType },
): WireMessage {
  hold(eventCatalogue[event.type].schema, event.data, `event ${event.type}`);
  return encode(
    sender,
    event.type,
    within(() => eventSubject(event.type, event.key)),
    event,
  );
}

export function encodeIngest(
  sender: { name: string; nowMs: number; headers: Record<string, string> },
  kind: IngestKind,
  report: ToEncode,
): WireMessage {
  hold(ingestCatalogue[kind], report.data, `report ${kind}`);
  return encode(
    sender,
    kind,
    within(() => ingestSubject(kind, report.key)),
    report,
  );
}

function encode(
  sender: { name: string; nowMs: number; headers: Record<string, string> },
  type: string,
  subject: string,
  message: ToEncode,
): WireMessage {
  const envelope: Envelope = {
    id: messageId({ type, key: message.key, cause: message.cause }),
    type,
    time: timestamp(sender.nowMs),
    key: message.key,
    ...(message.causationId === undefined ? {} : { causationId: message.causationId }),
    actor: message.actor ?? { id: sender.name, kind: 'service' },
    data: message.data,
  };
  return { subject, id: envelope.id, text: JSON.stringify(envelope), headers: sender.headers };
}

/** Reads a message and holds it against the schema of its type; a type that is not known here passes as it is. */
export function decodeMessage(message: WireMessage): Decoded {
  let envelope: Envelope;
  try {
    if (message.isChecked) {
      const own = JSON.parse(message.text) as Envelope;
      return { ok: true, envelope: own, key: own.key };
    }
    envelope = readJson(message.text, messageDepthMax) as Envelope;
  } catch (error) {
    return { ok: false, reason: 'malformed', detail: error instanceof Error ? error.message : String(error) };
  }
  const outer = check(Envelope, envelope);
  if (!outer.ok) return { ok: false, reason: 'malformed', detail: outer.problems.join('; ') };
  const parts = splitSubject(message.subject);
  if (!parts) return { ok: false, reason: 'malformed', detail: `'${message.subject}' is no subject of ours` };
  if (parts.type !== envelope.type || parts.key !== envelope.key) {
    const detail = `the envelope says ${envelope.type} of ${envelope.key}, the subject ${parts.type} of ${parts.key}`;
    return { ok: false, reason: 'malformed', detail };
  }
  const schema = parts.version === 1 ? schemaOf(parts.plane, parts.type) : undefined;
  if (schema) {
    const inner = check(schema, envelope.data);
    if (!inner.ok) return { ok: false, reason: 'schema', detail: inner.problems.join('; ') };
  }
  message.isChecked = true;
  return { ok: true, envelope, key: envelope.key };
}

function schemaOf(plane: string, type: string) {
  if (plane === 'evt' && Object.hasOwn(eventCatalogue, type)) return eventCatalogue[type as EventType].schema;
  if (plane === 'ingest' && Object.hasOwn(ingestCatalogue, type)) return ingestCatalogue[type as IngestKind];
  return undefined;
}

function hold(schema: Parameters<typeof check>[0], data: unknown, what: string): void {
  const checked = check(schema, data);
  if (!checked.ok) {
    throw new CapacityError('invalid_input', `${what} does not fit its schema: ${checked.problems.join('; ')}`, {
      detail: checked.problems,
    });
  }
}

/** A key that cannot stand in a subject is bad input, not a crash. */
export function within<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof RangeError) throw new CapacityError('invalid_input', error.message, { cause: error });
    throw error;
  }
}
