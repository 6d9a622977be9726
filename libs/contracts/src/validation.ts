import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { meaningOfPattern } from './primitives.ts';

export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

const compiled = new WeakMap<TSchema, Validator>();

/**
 * Holds a value against a schema. Every problem is named with its place.
 *
 * @example check(Policy, body) // { ok: false, problems: ['/slo/p95_latency must match pattern …'] }
 */
export function check<S extends TSchema>(schema: S, value: unknown): Checked<Static<S>> {
  let validator = compiled.get(schema);
  if (!validator) {
    validator = Compile(schema) as unknown as Validator;
    compiled.set(schema, validator);
  }
  if (validator.Check(value)) return { ok: true, value: value as Static<S> };
  const problems = new Map<string, string>();
  for (const error of validator.Errors(value)) {
    const place = error.instancePath === '' ? '(root)' : error.instancePath;
    const said = `${place} ${meaning(error.params) ?? `${error.message}${describe(error.params)}`}`;
    if (!problems.has(said)) problems.set(said, said);
    if (problems.size >= 20) break;
  }
  return { ok: false, problems: [...problems.values()] };
}

function meaning(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null || !('pattern' in params)) return undefined;
  return meaningOfPattern.get(String(params.pattern));
}

function describe(params: unknown): string {
  if (typeof params !== 'object' || params === null) return '';
  if ('allowedValue' in params) return ` ${JSON.stringify(params.allowedValue)}`;
  if ('requiredProperties' in params) return ` (${String(params.requiredProperties)})`;
  if ('additionalProperties' in params) return ` (${String(params.additionalProperties)})`;
  return '';
}
