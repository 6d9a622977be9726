/**
 * A result as it is written outside: snake_case names, numbers cut to seven significant digits, and null where there is
 * no value (NaN, infinity, undefined).
 */
export function toWire(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [snakeCase(name), toWire(field)]));
}

/** `responseSecP95` → `response_sec_p95`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
