/**
 * Where the start-up transient of a run ends: the truncation that leaves the rest with the smallest standard error,
 * over means of five neighbours (MSER-5; White 1997, Simulation 69/6; Spratt 1998).
 *
 * Meant for a load that does not change on purpose; a transient longer than half of the series is not found.
 *
 * @param series one value per interval, for example jobs in the system
 * @returns how many values to leave out, a multiple of five, at most half of them
 */
export function warmupLength(series: readonly number[]): number {
  const batches: number[] = [];
  for (let i = 0; i + 5 <= series.length; i += 5) {
    batches.push((series[i]! + series[i + 1]! + series[i + 2]! + series[i + 3]! + series[i + 4]!) / 5);
  }
  let sum = 0;
  let squares = 0;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let from = batches.length - 1; from >= 0; from--) {
    sum += batches[from]!;
    squares += batches[from]! ** 2;
    const left = batches.length - from;
    if (from > batches.length / 2 || left < 2) continue;
    const error = Math.max(0, squares - (sum * sum) / left) / left ** 2;
    // Earlier starts win ties: they keep more.
    if (error <= least) {
      least = error;
      best = from;
    }
  }
  return best * 5;
}
