import Type, { type TSchema } from 'typebox';

/** RFC 3339 time in UTC, such as `2025-09-14T19:00:00Z`. */
export const Timestamp = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$',
  description: 'RFC 3339 time in UTC',
});

/** Length of time as the spec writes it: `250ms`, `2.1s`, `15m`, `24h`, `7d`. */
export const DurationText = Type.String({
  pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
  description: 'Length of time: a number and ms, s, m, h or d',
});

const poolIdPattern = '^[a-z0-9]([a-z0-9._-]{0,62})/[a-z0-9]([a-z0-9._-]{0,126})$';

/** `<namespace>/<name>`; both may contain dots, as Kubernetes names do. */
export const PoolId = Type.String({ pattern: poolIdPattern, description: 'Pool id: namespace/name' });

export function isPoolId(text: string): boolean {
  return new RegExp(poolIdPattern).test(text);
}

export const Identifier = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' });
export const Probability = Type.Number({ minimum: 0, maximum: 1 });
export const NonNegative = Type.Number({ minimum: 0 });
export const WorkerCount = Type.Integer({ minimum: 0, maximum: 1_000_000 });
export const Money = Type.Number({ description: 'Amount in the policy’s currency' });
export const Tag = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' });

/** A closed list of words. */
export function oneOf<const Words extends readonly string[]>(...words: Words) {
  return Type.Enum([...words]) as Type.TEnum<[...Words]>;
}

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
