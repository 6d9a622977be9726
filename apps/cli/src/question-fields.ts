import { InputError } from './command.ts';
import { parseNumber } from './durations.ts';

type Bounds = Parameters<typeof parseNumber>[2];

/**
 * The fields of one JSON question, read one by one; `finish` refuses what nobody asked for, because a misspelt field
 * that is silently ignored gives a confident wrong answer.
 */
export class QuestionFields {
  readonly #fields: Record<string, unknown>;
  readonly #unread: Set<string>;

  constructor(fields: Record<string, unknown>) {
    this.#fields = fields;
    this.#unread = new Set(Object.keys(fields));
  }

  number(name: string, bounds: Bounds): number {
    const value = this.optionalNumber(name, bounds);
    if (value === undefined) throw new InputError(`${name} is missing`);
    return value;
  }

  optionalNumber(name: string, bounds: Bounds): number | undefined {
    const value = this.#take(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number') throw new InputError(`${name}: ${JSON.stringify(value)} is not a number`);
    return parseNumber(String(value), name, bounds);
  }

  optionalText(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw new InputError(`${name}: ${JSON.stringify(value)} is not text`);
    return value;
  }

  finish(): void {
    const [unknown] = this.#unread;
    if (unknown !== undefined) throw new InputError(`unknown field '${unknown}'`);
  }

  #take(name: string): unknown {
    this.#unread.delete(name);
    return this.#fields[name];
  }
}
