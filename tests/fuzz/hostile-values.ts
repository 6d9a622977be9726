import type { RandomStream } from '@capplan/random';

/** What nobody would send who means well: each once broke something somewhere. */
const hostileTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udc00y',
  '\ufeff',
  '\u202e',
  '\r\nX-Injected: 1',
  '../../etc/passwd',
  '..',
  '.',
  '/',
  '%2e%2e%2f',
  '%',
  '*',
  '>',
  'a.b.>',
  '$JS.API.>',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
  '-1',
  '0',
  '00',
  '0x10',
  '1e3s',
  '-5s',
  '0s',
  '0ms',
  '0.0000001ms',
  '365d',
  '99999999d',
  `${'9'.repeat(400)}d`,
  '2026-02-30T00:00:00Z',
  '2026-13-45T99:99:99Z',
  '9999-12-31T23:59:59Z',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00.000000001Z',
  '+275760-09-13T00:00:00Z',
  '99 99 99 99 99',
  '* * * * *',
  '0 0 30 2 *',
  '@reboot',
  'X/Y',
  'Europe/Berlin',
  '"; DROP TABLE pools; --',
  '<script>alert(1)</script>',
  '{{7*7}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what is sent
  '${jndi:ldap://x}',
  'ﷺ',
  '👩‍👩‍👧‍👦',
  'ÄÖÜß',
  '€'.repeat(300),
  'x'.repeat(129),
  'x'.repeat(5_000),
  'a/'.repeat(100),
  'fuzz/',
  '/fuzz',
  'fuzz/p1/x',
  'FUZZ/P1',
] as const;

const hostileNumbers = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e-320,
  5e-324,
  1e9,
  1e15,
  1e16,
  1e21,
  1e300,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 2,
  Number.MIN_SAFE_INTEGER,
  2 ** 31,
  2 ** 32,
  2 ** 53,
] as const;

export function oneOf<T>(random: RandomStream, values: readonly T[]): T {
  return values[random.integer(values.length)] as T;
}

export function hostileText(random: RandomStream): string {
  if (random.next() < 0.7) return oneOf(random, hostileTexts);
  const length = random.integer(random.next() < 0.05 ? 2_000 : 24);
  return Array.from({ length }, () => String.fromCharCode(random.integer(random.next() < 0.5 ? 128 : 65_536))).join('');
}

export function hostileNumber(random: RandomStream): number {
  if (random.next() < 0.7) return oneOf(random, hostileNumbers);
  return random.normal() * 10 ** (random.integer(40) - 15);
}

/** Any value at all: wrong types, deep nests, long lists, names that mean something to the language. */
export function hostileValue(random: RandomStream, depth = 0): unknown {
  const kind = random.integer(depth > 3 ? 6 : 11);
  if (kind < 3) return hostileText(random);
  if (kind < 5) return hostileNumber(random);
  if (kind === 5) return oneOf(random, [null, true, false]);
  if (kind === 6) return Array.from({ length: random.integer(6) }, () => hostileValue(random, depth + 1));
  if (kind === 7) return Array.from({ length: oneOf(random, [100, 3_000]) }, () => hostileNumber(random));
  if (kind === 8) return nested(oneOf(random, [8, 31, 33, 70, 400]), random.next() < 0.5);
  const fields = Array.from({ length: random.integer(5) }, () => [
    oneOf(random, ['id', 'pool', 'name', '__proto__', 'constructor', 'prototype', 'toJSON', hostileText(random)]),
    hostileValue(random, depth + 1),
  ]);
  return Object.fromEntries(fields);
}

function nested(depth: number, inLists: boolean): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = inLists ? [value] : { a: value };
  return value;
}
