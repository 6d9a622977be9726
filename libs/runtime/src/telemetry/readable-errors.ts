/** How deep facts are searched for errors, and how long a chain of causes is followed: an error may cause itself. */
const depthMax = 5;

/**
 * Facts as they go into the log: an error, wherever it stands in them, becomes `{ code?, message, stack, cause? }`. JSON alone
 * would print it as `{}`. Everything else stays what it is.
 */
export function readableErrors(facts: object): Record<string, unknown> {
  return readable(facts, 0) as Record<string, unknown>;
}

function readable(value: unknown, depth: number): unknown {
  if (depth > depthMax || typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return readableError(value, depth);
  if (Array.isArray(value)) return value.map((item) => readable(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readable(item, depth + 1)]));
}

function readableError(error: Error & { code?: unknown }, depth: number): object {
  return {
    ...(error.code === undefined ? {} : { code: error.code }),
    message: error.message,
    stack: error.stack ?? `${error.name}: ${error.message}`,
    ...(error.cause === undefined ? {} : { cause: readable(error.cause, depth + 1) }),
    // Of several failures in one, each has a stack of its own.
    ...(error instanceof AggregateError ? { errors: readable(error.errors, depth + 1) } : {}),
  };
}
