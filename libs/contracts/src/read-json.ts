import { CapacityError } from './errors.ts';
import { jsonDepthMax } from './primitives.ts';

/**
 * Reads JSON that came from outside.
 *
 * Beyond its grammar it must be something that can be handed on: text in it is well-formed Unicode without NUL (a lone
 * surrogate cannot be sent over gRPC, and NUL ends a text elsewhere), no field is called `__proto__`, and nothing is
 * nested deeper than `depthMax`, because whoever walks through it does so on a stack.
 *
 * @throws `invalid_input`, with the place of the first problem
 * @example readJson('{"a":[1]}') // { a: [1] }
 */
export function readJson(text: string, depthMax = jsonDepthMax): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new CapacityError('invalid_input', `not JSON: ${said}`, { cause });
  }
  if (mayBeTooDeep(text, depthMax) || mayHoldBadText.test(text)) requireReadable(value, depthMax);
  return value;
}

/** The text is well-formed Unicode without NUL. */
export function isWellFormed(text: string): boolean {
  return !badText.test(text);
}

/** The same text with a replacement character for what is not well-formed in it. */
export function wellFormed(text: string): string {
  return text.replaceAll(new RegExp(badText, 'gu'), '\ufffd');
}

// With the flag `u` a surrogate that has its partner is no match.
const badText = /[\ud800-\udfff\0]/u;
/** Only such JSON can hold what has to be refused: a closer look is rarely needed. */
const mayHoldBadText = /\\u(?:[dD][89a-fA-F]|0000)|[\ud800-\udfff]|_proto_|\\u005[fF]/;

/** Counts brackets, those within texts too: more than there are, never fewer. */
function mayBeTooDeep(text: string, depthMax: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > depthMax) return true;
    } else if ((code === 0x5d || code === 0x7d) && depth > 0) depth--;
  }
  return false;
}

function requireReadable(root: unknown, depthMax: number): void {
  const waiting: { value: unknown; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path, depth } = next;
    if (typeof value === 'string' && !isWellFormed(value)) refuse(path, 'is not well-formed Unicode, or holds NUL');
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= depthMax) refuse(path, `is nested deeper than ${depthMax}`);
    for (const [name, inner] of Object.entries(value)) {
      if (name === '__proto__' || !isWellFormed(name)) refuse(path, 'has a field whose name is not allowed');
      waiting.push({ value: inner, path: `${path}/${name}`, depth: depth + 1 });
    }
  }
}

function refuse(path: string, what: string): never {
  const place = path === '' ? '(root)' : path.slice(0, 256);
  throw new CapacityError('invalid_input', `${place} ${what}`, { detail: [`${place} ${what}`] });
}
