/**
 * Who leaves first when a pool has more workers than wanted: those that do nothing; then those of which nothing is
 * known, which may be starting; then those with the fewest jobs. Among equals the newest, because the oldest have shown
 * that they work.
 *
 * @param workers names, oldest first
 * @param busySlots slots that each keeps busy, by name; a worker that is missing is unknown, not idle
 * @returns the same names, whoever leaves first standing first
 */
export function leavingFirst(workers: readonly string[], busySlots: ReadonlyMap<string, number>): string[] {
  const rank = (worker: string): number => {
    const busy = busySlots.get(worker);
    return busy === undefined ? 0.5 : busy > 0 ? Math.max(1, busy) : 0;
  };
  const age = new Map(workers.map((worker, index) => [worker, index]));
  return [...workers].sort((a, b) => rank(a) - rank(b) || (age.get(b) as number) - (age.get(a) as number));
}
