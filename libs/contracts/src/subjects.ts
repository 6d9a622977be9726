import type { EventType } from './messages/events.ts';
import type { IngestKind } from './messages/ingest.ts';
import { commandCatalogue, type RequestName } from './messages/requests.ts';

/*
 * The only place that builds or splits subjects. A key is `<namespace>/<name>`; a dot inside either is written as
 * `=` in the subject, because a dot there parts tokens, and both NATS subjects and KV keys allow `=`.
 */

export const streams = {
  events: { name: 'CAPACITY_EVENTS', subject: 'capacity.evt.>' },
  ingest: { name: 'CAPACITY_INGEST', subject: 'capacity.ingest.>' },
  audit: { name: 'CAPACITY_AUDIT', subject: 'capacity.audit.>' },
  dead: { name: 'CAPACITY_DEAD', subject: 'capacity.dead.>' },
} as const;

/** The key of things that belong to no pool. */
export function systemKey(name: string): string {
  return `_/${name}`;
}

/** A key as two subject tokens, which is also its KV key. */
export function keyTokens(key: string): string {
  const slash = key.indexOf('/');
  if (slash <= 0 || slash === key.length - 1) throw new RangeError(`key '${key}' is not <namespace>/<name>`);
  return `${token(key.slice(0, slash))}.${token(key.slice(slash + 1))}`;
}

/** The key that `keyTokens` wrote. */
export function keyOfTokens(tokens: string): string {
  const dot = tokens.indexOf('.');
  if (dot <= 0 || tokens.includes('.', dot + 1)) throw new RangeError(`'${tokens}' is not two tokens`);
  return `${tokens.slice(0, dot)}/${tokens.slice(dot + 1)}`.replaceAll('=', '.');
}

export function eventSubject(type: EventType, key: string): string {
  return `capacity.evt.${type}.v1.${keyTokens(key)}`;
}

/** All keys of one event type, or of every type of one context (`plan.*`). */
export function eventPattern(type: EventType | `${string}.*`): string {
  return `capacity.evt.${type}.v1.*.*`;
}

export const everyEventPattern = 'capacity.evt.>';

export function ingestSubject(kind: IngestKind, key: string): string {
  return `capacity.ingest.${kind}.v1.${keyTokens(key)}`;
}

export function ingestPattern(kind: IngestKind | '*'): string {
  return `capacity.ingest.${kind}.v1.*.*`;
}

export function requestSubject(name: RequestName, key: string): string {
  return `${requestRoot(name)}.${keyTokens(key)}`;
}

export function requestPattern(name: RequestName): string {
  return `${requestRoot(name)}.*.*`;
}

export const auditSubject = 'capacity.audit.record.v1';
export const auditCheckpointSubject = 'capacity.audit.checkpoint.v1';

export function deadSubject(consumer: string): string {
  return `capacity.dead.v1.${token(consumer)}`;
}

export interface SubjectParts {
  plane: 'evt' | 'ingest' | 'cmd' | 'qry';
  /** Event type, ingest kind or request name. */
  type: string;
  version: number;
  key: string;
}

/** Takes a subject apart; undefined when it is none of ours. */
export function splitSubject(subject: string): SubjectParts | undefined {
  const match = /^capacity\.(evt|ingest|cmd|qry)\.([a-z_]+(?:\.[a-z_]+)?)\.v(\d+)\.([^.*>\s]+\.[^.*>\s]+)$/.exec(
    subject,
  );
  if (!match) return undefined;
  return {
    plane: match[1] as SubjectParts['plane'],
    type: match[2] as string,
    version: Number(match[3]),
    key: keyOfTokens(match[4] as string),
  };
}

function requestRoot(name: RequestName): string {
  return `capacity.${name in commandCatalogue ? 'cmd' : 'qry'}.${name}.v1`;
}

function token(text: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text)) throw new RangeError(`'${text}' cannot stand in a subject`);
  return text.replaceAll('.', '=');
}
