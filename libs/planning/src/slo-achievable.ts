import type { CandidateField } from './candidates.ts';

/** A chance of missing at which the objective counts as out of reach. */
export const hopeless = 0.5;

/**
 * Whether any number of workers could keep the objective.
 *
 * Without any wait a minute still misses when the service itself is too slow; the curve's entry at wait 0 says how
 * often. No worker count helps there.
 */
export function sloAchievable(field: CandidateField): boolean {
  return (field.fluid.miss.table[0] as number) < hopeless;
}
