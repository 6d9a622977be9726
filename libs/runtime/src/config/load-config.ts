import { readFileSync } from 'node:fs';
import { CapacityError, check } from '@capplan/contracts';
import type { Static, TObject } from 'typebox';

interface Setting {
  type?: string;
  default?: unknown;
  description?: string;
  env?: string;
  /** The value may also come from a file that the variable with `_FILE` behind it names. */
  secret?: boolean;
}

/**
 * Reads the settings of a service from the environment, once: each key of the schema names its variable (`env`), its
 * default and, in a sentence, its meaning. An empty variable counts as not set. A `secret` one may come from a file: with
 * `env: 'NATS_TOKEN'`, from the file that `NATS_TOKEN_FILE` names.
 *
 * @returns a frozen object with every key
 * @throws `invalid_input` that lists every problem together, each with its variable
 * @example
 * const Config = Type.Object({ port: Type.Integer({ default: 8080, env: 'PORT', description: 'Port to listen on' }) });
 * loadConfig(Config, { PORT: '9090' }) // { port: 9090 }
 */
export function loadConfig<S extends TObject>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Static<S>> {
  const settings = schema.properties as Record<string, Setting>;
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const unread = new Set<string>();

  for (const [key, setting] of Object.entries(settings)) {
    if (setting.env === undefined) throw new TypeError(`the setting '${key}' names no environment variable`);
    const found = textOf(setting.env, setting.secret === true, env);
    if (!found.ok) {
      unread.add(key);
      problems.push(found.problem);
      continue;
    }
    const { text } = found;
    if (text === undefined || text === '') {
      if (setting.default !== undefined) values[key] = structuredClone(setting.default);
      continue;
    }
    const read = readText(text, setting.type);
    if (read.ok) values[key] = read.value;
    else {
      unread.add(key);
      problems.push(`${label(key, setting)} must be ${read.expected}`);
    }
  }

  const checked = check(schema, values);
  if (!checked.ok) {
    for (const problem of checked.problems) problems.push(...explain(problem, settings, values, unread));
  }
  if (problems.length > 0) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n');
    throw new CapacityError('invalid_input', `The configuration cannot be used:\n${list}`, { detail: problems });
  }
  return deepFreeze(values) as Readonly<Static<S>>;
}

/** The settings of a schema as rows for documentation: variable, default and meaning. */
export function describeConfig(schema: TObject): { env: string; default: unknown; description: string }[] {
  return Object.values(schema.properties as Record<string, Setting>).map((setting) => ({
    env: setting.env ?? '',
    default: setting.default,
    description: setting.description ?? '',
  }));
}

function label(key: string, setting: Setting): string {
  return `${setting.env} (${key}${setting.description === undefined ? '' : `: ${setting.description}`})`;
}

/** Turns a problem of the schema into one of the variable that caused it. Values are not shown: they may be secrets. */
function explain(
  problem: string,
  settings: Record<string, Setting>,
  values: Record<string, unknown>,
  unread: ReadonlySet<string>,
): string[] {
  if (problem.startsWith('(root) ')) {
    return Object.keys(settings)
      .filter((key) => values[key] === undefined && !unread.has(key) && problem.includes(key))
      .map((key) => `${label(key, settings[key] as Setting)} must be set`);
  }
  const found = /^\/([^/\s]+)(\S*) (.*)$/s.exec(problem);
  const key = found?.[1] ?? '';
  const setting = settings[key];
  if (!found || !setting || unread.has(key)) return [];
  return [`${label(key, setting)} ${found[2] === '' ? '' : `at ${found[2]} `}${found[3]}`];
}

/** What a variable is set to; a secret one directly or by a file, whose last line end is not part of the secret. */
function textOf(
  variable: string,
  isSecret: boolean,
  env: Readonly<Record<string, string | undefined>>,
): { ok: true; text: string | undefined } | { ok: false; problem: string } {
  const text = env[variable];
  const path = isSecret ? env[`${variable}_FILE`] : undefined;
  if (path === undefined || path === '') return { ok: true, text };
  if (text !== undefined && text !== '') {
    return { ok: false, problem: `${variable} and ${variable}_FILE are both set; set one of them` };
  }
  try {
    return { ok: true, text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { ok: false, problem: `${variable}_FILE: the file ${path} cannot be read (${code})` };
  }
}

function readText(
  text: string,
  type: string | undefined,
): { ok: true; value: unknown } | { ok: false; expected: string } {
  if (type === 'number' || type === 'integer') {
    const value = Number(text);
    return text.trim() !== '' && Number.isFinite(value) ? { ok: true, value } : { ok: false, expected: 'a number' };
  }
  if (type === 'boolean') {
    if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return { ok: true, value: true };
    if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return { ok: true, value: false };
    return { ok: false, expected: 'true or false' };
  }
  if (type === 'object' || type === 'array') {
    try {
      return { ok: true, value: JSON.parse(text) as unknown };
    } catch {
      return { ok: false, expected: 'JSON' };
    }
  }
  return { ok: true, value: text };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
