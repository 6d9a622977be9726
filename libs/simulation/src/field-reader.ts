/** One thing wrong with the input: where, what, and what would do. */
export interface FieldProblem {
  field: string;
  message: string;
}

interface Bounds {
  min: number;
  max: number;
  integer?: boolean;
}

/** One try shows all problems, as long as there are so few that somebody reads them. */
const problemsMax = 100;

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/**
 * Reads one object of untrusted input field by field. Every problem is written down with the path of its field and
 * reading goes on, so that one try shows all of them; fields nobody asked for are problems too.
 */
export class FieldReader {
  readonly path: string;
  readonly problems: FieldProblem[];
  readonly #fields: Record<string, unknown>;
  readonly #known = new Set<string>();

  constructor(value: unknown, path: string, problems: FieldProblem[]) {
    this.path = path;
    this.problems = problems;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#fields = isObject ? (value as Record<string, unknown>) : {};
    if (!isObject) this.problem('', `must be an object with named fields, not ${shown(value)}`);
  }

  at(name: string): string {
    return this.path === '' ? name : name === '' ? this.path : `${this.path}.${name}`;
  }

  problem(name: string, message: string): void {
    if (this.problems.length < problemsMax) this.problems.push({ field: this.at(name), message });
  }

  has(name: string): boolean {
    this.#known.add(name);
    return this.#fields[name] !== undefined;
  }

  raw(name: string): unknown {
    this.#known.add(name);
    return this.#fields[name];
  }

  number(name: string, bounds: Bounds, fallback?: number): number {
    const value = this.raw(name);
    if (value === undefined && fallback !== undefined) return fallback;
    return this.#bounded(name, typeof value === 'number' ? value : Number.NaN, value, bounds);
  }

  /** A length of time: seconds as a number, or text such as 250ms, 2.1s, 15m, 24h, 7d. */
  duration(name: string, bounds: Bounds, fallback?: number): number {
    const value = this.raw(name);
    if (value === undefined && fallback !== undefined) return fallback;
    const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/.exec(value.trim()) : null;
    const seconds = typeof value === 'number' ? value : match ? Number(match[1]) * unitSeconds[match[2]!]! : Number.NaN;
    if (typeof value === 'string' && !match) {
      this.problem(name, `'${value}' is not a length of time; write for example 250ms, 2.1s, 15m, 24h or 7d`);
      return bounds.min;
    }
    return this.#bounded(name, seconds, value, bounds, ' s');
  }

  text(name: string, fallback?: string): string {
    const value = this.raw(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'string' && value.length > 0 && value.length <= 200 && !/\p{Cc}/u.test(value)) return value;
    this.problem(name, `must be one line of 1 to 200 characters, not ${shown(value)}`);
    return '';
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.raw(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'string' && (choices as readonly string[]).includes(value)) return value as T;
    this.problem(name, `must be one of ${choices.join(', ')}, not ${shown(value)}`);
    return choices[0]!;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    this.problem(name, `must be true or false, not ${shown(value)}`);
    return fallback;
  }

  object(name: string): FieldReader {
    return new FieldReader(this.raw(name), this.at(name), this.problems);
  }

  /** Reads each element of a list; a missing list is empty unless one is required. */
  list<T>(
    name: string,
    { min = 0, max }: { min?: number; max: number },
    read: (value: unknown, path: string) => T,
  ): T[] {
    const value = this.raw(name);
    if (value === undefined && min === 0) return [];
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      const size = Array.isArray(value) ? `${value.length} elements` : shown(value);
      this.problem(name, `must be a list of ${min} to ${max} elements, not ${size}`);
      return [];
    }
    return value.map((element, i) => read(element, `${this.at(name)}[${i}]`));
  }

  numbers(name: string, size: { min?: number; max: number }, bounds: Bounds): number[] {
    return this.list(name, size, (value, path) => {
      const one = new FieldReader({ value }, path, this.problems);
      return one.#bounded('', typeof value === 'number' ? value : Number.NaN, value, bounds);
    });
  }

  objects<T>(name: string, size: { min?: number; max: number }, read: (reader: FieldReader) => T): T[] {
    return this.list(name, size, (value, path) => {
      const reader = new FieldReader(value, path, this.problems);
      const result = read(reader);
      reader.end();
      return result;
    });
  }

  /** Every field that nobody has asked for is a problem: a misspelt one would otherwise be ignored in silence. */
  end(): void {
    for (const name of Object.keys(this.#fields)) {
      if (!this.#known.has(name)) {
        this.problem(name, `is not known here; known: ${[...this.#known].sort().join(', ')}`);
      }
    }
  }

  #bounded(name: string, value: number, given: unknown, { min, max, integer }: Bounds, unit = ''): number {
    if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value;
    const kind = integer ? 'a whole number' : 'a number';
    this.problem(name, `must be ${kind} from ${min} to ${max}${unit}, not ${shown(given)}`);
    return min;
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'number' || value === null) return String(value);
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
