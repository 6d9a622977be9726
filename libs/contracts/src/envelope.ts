import Type, { type Static } from 'typebox';
import { jsonDepthMax, Timestamp } from './primitives.ts';

/** On whose behalf something is said. */
export const Actor = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 256 }),
  kind: Type.Union([Type.Literal('user'), Type.Literal('service')]),
  roles: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 16 })),
  second_factor: Type.Optional(Type.Boolean({ description: 'The token was issued after a second factor' })),
});
export type Actor = Static<typeof Actor>;

/** A message holds what came from outside, and layers of its own around it. */
export const messageDepthMax = 2 * jsonDepthMax;

/**
 * What surrounds every message. `id` is derived from type, key and cause or window, so that saying the same
 * thing twice is recognised; `key` is `<namespace>/<name>` of what it is about.
 */
export const Envelope = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 256 }),
  type: Type.String({ minLength: 1, maxLength: 64 }),
  time: Timestamp,
  key: Type.String({ minLength: 3, maxLength: 256 }),
  causationId: Type.Optional(Type.String({ maxLength: 256 })),
  actor: Actor,
  data: Type.Unknown(),
});
export type Envelope<Data = unknown> = Omit<Static<typeof Envelope>, 'data'> & { data: Data };

/** The id of a message: the same type, key and cause give the same id. */
export function messageId({ type, key, cause }: { type: string; key: string; cause: string }): string {
  return `${type}:${key}:${cause}`;
}
