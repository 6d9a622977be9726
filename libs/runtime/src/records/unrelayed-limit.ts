import { CapacityError } from '@capplan/contracts';

/** Changes of one record that are kept for its relays. It is the most that a bucket of NATS can. */
export const unrelayedMax = 64;

/** The refusal of a write that would push out a change which is still to be relayed. */
export function tooManyUnrelayed(bucket: string, key: string): CapacityError {
  const said = `${key} of ${bucket} was not written: its last ${unrelayedMax} changes are not relayed yet; try again`;
  return new CapacityError('unavailable', said);
}
