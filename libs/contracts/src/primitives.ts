import Type, { type TSchema } from 'typebox';

/** Objects and lists may be nested so deep in what comes from outside. */
export const jsonDepthMax = 32;

const timeOfDay = 'T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?Z';
const ordinaryDay =
  '\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))';
const leapDay = '(\\d{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29';
const timestampPattern = `^(${ordinaryDay}|${leapDay})${timeOfDay}$`;

/** RFC 3339 time in UTC, such as `2025-09-14T19:00:00Z`, on a day that the calendar has. */
export const Timestamp = Type.String({ pattern: timestampPattern, description: 'RFC 3339 time in UTC' });

export function isTimestamp(text: string): boolean {
  return new RegExp(timestampPattern).test(text);
}

const storedTimestampPattern = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$';

/** A time as records hold it, from before days were held against the calendar; what enters is looked at once more. */
export const StoredTimestamp = Type.String({
  pattern: storedTimestampPattern,
  description: 'RFC 3339 time in UTC',
});

const durationPattern = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$';

/** Length of time as the spec writes it: `250ms`, `2.1s`, `15m`, `24h`, `7d`. */
export const DurationText = Type.String({
  pattern: durationPattern,
  description: 'Length of time: a number and ms, s, m, h or d',
});

const poolIdPattern = '^[a-z0-9]([a-z0-9._-]{0,62})/[a-z0-9]([a-z0-9._-]{0,126})$';

/** `<namespace>/<name>`; both may contain dots, as Kubernetes names do. */
export const PoolId = Type.String({ pattern: poolIdPattern, description: 'Pool id: namespace/name' });

export function isPoolId(text: string): boolean {
  return new RegExp(poolIdPattern).test(text);
}

const identifierPattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';
const tagPattern = '^[a-z0-9][a-z0-9._-]{0,62}$';
const oneLinePattern = '^[^\\u0000-\\u001f\\u007f]*$';

export const Identifier = Type.String({ pattern: identifierPattern });
export const Probability = Type.Number({ minimum: 0, maximum: 1 });
export const NonNegative = Type.Number({ minimum: 0 });
/** A measured or counted amount as a source reports it: sums of many of them are still exact enough. */
export const Quantity = Type.Number({ minimum: 0, maximum: 1e15 });
/** What a source calls itself: one line. */
export const SourceName = Type.String({ minLength: 1, maxLength: 128, pattern: oneLinePattern });
/** More workers than any pool has. */
export const workersMax = 1_000_000;
export const WorkerCount = Type.Integer({ minimum: 0, maximum: workersMax });
export const Money = Type.Number({ description: 'Amount in the policy’s currency' });
export const Tag = Type.String({ pattern: tagPattern });

/** A closed list of words. */
export function oneOf<const Words extends readonly string[]>(...words: Words) {
  return Type.Enum([...words]) as Type.TEnum<[...Words]>;
}

/** What a pattern of this file asks for, in words: a refusal says that rather than the pattern. */
export const meaningOfPattern: ReadonlyMap<string, string> = new Map([
  [timestampPattern, 'must be a time in UTC on a day that exists, such as 2025-09-14T19:00:00Z'],
  [storedTimestampPattern, 'must be a time in UTC, such as 2025-09-14T19:00:00Z'],
  [durationPattern, 'must be a length of time, such as 250ms, 2.1s, 15m, 24h or 7d'],
  [poolIdPattern, 'must be a pool id, <namespace>/<name> in lower-case letters, digits, dots, dashes and underscores'],
  [identifierPattern, 'must be an id: letters, digits, dots, dashes and underscores, at most 128'],
  [tagPattern, 'must be a tag: lower-case letters, digits, dots, dashes and underscores, at most 63'],
  [oneLinePattern, 'must be one line of text'],
]);

const unitSec: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Seconds of a `DurationText`.
 *
 * @returns NaN when the text is not one
 * @example durationSec('2.1s') // 2.1
 */
export function durationSec(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  return match ? Number(match[1]) * (unitSec[match[2] as string] as number) : Number.NaN;
}

/** The shortest `DurationText` of a number of seconds ≥ 0, exact to the millisecond. */
export function durationText(sec: number): string {
  const ms = Math.round(sec * 1000);
  if (ms % 1000 !== 0) return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
  const whole = ms / 1000;
  if (whole > 0 && whole % 86_400 === 0) return `${whole / 86_400}d`;
  if (whole > 0 && whole % 3600 === 0) return `${whole / 3600}h`;
  if (whole > 0 && whole % 60 === 0) return `${whole / 60}m`;
  return `${whole}s`;
}

export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * The same schema with every object closed: an unknown field is an error.
 *
 * Messages stay open, because within a version fields may be added; what a person sends is closed,
 * because a misspelt field that is silently ignored is a decision nobody took.
 */
export function strict<S extends TSchema>(schema: S): S {
  return close(schema) as S;
}

function close(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(close);
  if (typeof node !== 'object' || node === null) return node;
  const closed: Record<PropertyKey, unknown> = {};
  for (const key of Reflect.ownKeys(node)) {
    const descriptor = Object.getOwnPropertyDescriptor(node, key) as PropertyDescriptor;
    Object.defineProperty(
      closed,
      key,
      'value' in descriptor ? { ...descriptor, value: close(descriptor.value) } : descriptor,
    );
  }
  if (closed.type === 'object' && closed.properties !== undefined && closed.additionalProperties === undefined) {
    closed.additionalProperties = false;
  }
  return closed;
}
