/**
 * Refuses a number outside its bounds, naming the argument: a NaN that slips in here would come out as a plausible
 * worker count ten calls later.
 */
export function requireNumber(
  name: string,
  value: number,
  bounds: { readonly min?: number; readonly above?: number; readonly max?: number; readonly whole?: boolean } = {},
): number {
  const { min = Number.NEGATIVE_INFINITY, above = Number.NEGATIVE_INFINITY, max = Number.MAX_VALUE } = bounds;
  if (value >= min && value > above && value <= max && (!bounds.whole || Number.isInteger(value))) return value;
  const limits = [
    bounds.min === undefined ? '' : `at least ${bounds.min}`,
    bounds.above === undefined ? '' : `above ${bounds.above}`,
    bounds.max === undefined ? '' : `at most ${bounds.max}`,
  ].filter((limit) => limit !== '');
  const kind = bounds.whole ? 'a whole number' : 'a finite number';
  throw new RangeError(`${name} must be ${kind}${limits.length > 0 ? `, ${limits.join(' and ')}` : ''}; got ${value}`);
}
