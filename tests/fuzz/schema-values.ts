import type { RandomStream } from '@capplan/random';
import { hostileNumber, hostileText, hostileValue, oneOf } from './hostile-values.ts';

/** The part of JSON Schema that our schemas are made of, as TypeBox and OpenAPI write it. */
export interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  anyOf?: readonly Schema[];
  const?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxItems?: number;
}

/** Texts of every form that some pattern asks for; which of them fits a pattern, the pattern says. */
const wellFormedTexts = [
  'fuzz/p1',
  'fuzz/p2',
  'fuzz/p3.with-dots_and-dashes',
  'other/constructor',
  'policy-1',
  'policy-2',
  'constructor',
  'x',
  'a'.repeat(63),
  '2026-03-02T12:00:00Z',
  '2026-12-31T23:59:59.999Z',
  '2030-01-01T00:00:00Z',
  '250ms',
  '2.1s',
  '15m',
  '24h',
  '7d',
  'USD',
  '0 8 * * 1-5',
  'Europe/Berlin',
  'UTC',
  '0'.repeat(64),
  '1',
  'true',
] as const;

/**
 * Values made from a schema: valid ones, ones at and beyond its bounds, and ones where a part is hostile.
 *
 * @param hostility chance of each part to be replaced by something hostile; 0 makes values that fit
 */
export function schemaValue(random: RandomStream, schema: Schema, hostility: number): unknown {
  if (random.next() < hostility) return hostileOf(random, schema);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return oneOf(random, schema.enum);
  if (schema.anyOf) return schemaValue(random, oneOf(random, schema.anyOf), hostility);
  switch (schema.type) {
    case 'object':
      return objectOf(random, schema, hostility);
    case 'array': {
      const most = Math.min(schema.maxItems ?? 4, 4);
      const length = Math.max(schema.minItems ?? 0, random.integer(most + 1));
      return Array.from({ length }, () => schemaValue(random, schema.items ?? {}, hostility));
    }
    case 'string':
      return textOf(random, schema);
    case 'integer':
    case 'number':
      return numberOf(random, schema);
    case 'boolean':
      return random.next() < 0.5;
    case 'null':
      return null;
    default:
      return hostileValue(random, 2);
  }
}

function hostileOf(random: RandomStream, schema: Schema): unknown {
  if (random.next() < 0.25) return hostileValue(random);
  if (schema.type === 'string') {
    const length = (schema.maxLength ?? 64) + random.integer(3) - 1;
    return random.next() < 0.2 ? 'x'.repeat(Math.max(0, length)) : hostileText(random);
  }
  if (schema.type === 'integer' || schema.type === 'number') {
    const bound = oneOf(random, [schema.minimum ?? 0, schema.maximum ?? 1e308]);
    return random.next() < 0.5 ? hostileNumber(random) : bound + oneOf(random, [-1, 1, -0.5, 1e-9]);
  }
  if (schema.type === 'array') {
    const length = Math.min((schema.maxItems ?? 100) + 1, 300);
    return Array.from({ length }, () => schemaValue(random, schema.items ?? {}, 0));
  }
  if (schema.type === 'object') {
    const fields = objectOf(random, schema, 0.2) as Record<string, unknown>;
    const names = Object.keys(fields);
    if (names.length > 0 && random.next() < 0.5) delete fields[oneOf(random, names)];
    else fields[oneOf(random, ['extra', 'constructor', 'tag s'])] = hostileValue(random, 2);
    return fields;
  }
  return hostileValue(random);
}

function objectOf(random: RandomStream, schema: Schema, hostility: number): unknown {
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => required.has(name) || random.next() < 0.4)
    .map(([name, inner]) => [name, schemaValue(random, inner, hostility)]);
  return Object.fromEntries(fields);
}

function textOf(random: RandomStream, { pattern, minLength = 0, maxLength = 1_000 }: Schema): string {
  const expression = new RegExp(pattern ?? '', 'u');
  const fitting = wellFormedTexts.filter(
    (text) => expression.test(text) && text.length >= minLength && text.length <= maxLength,
  );
  return fitting.length > 0 ? oneOf(random, fitting) : 'x'.repeat(Math.max(1, minLength));
}

function numberOf(random: RandomStream, schema: Schema): number {
  const least = schema.minimum ?? (schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + 1e-6);
  const most = schema.maximum ?? 1_000;
  const value = oneOf(random, [least, most, least + random.next() * Math.min(most - least, 100)]);
  return schema.type === 'integer' ? Math.round(value) : value;
}
