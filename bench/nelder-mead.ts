/**
 * Finds a local minimum without derivatives, by the simplex of Nelder & Mead (The Computer Journal 7, 1965).
 *
 * @param f may answer Infinity where a point is not allowed
 * @param start one value for each dimension; the first simplex changes each by a quarter
 */
export function minimise(
  f: (point: readonly number[]) => number,
  start: readonly number[],
  rounds: number,
): { point: readonly number[]; value: number } {
  const at = (point: readonly number[]) => ({ point, value: f(point) });
  const size = start.length;
  const simplex = [at(start), ...start.map((x, i) => at(start.with(i, x === 0 ? 0.1 : 1.25 * x)))];
  for (let round = 0; round < rounds; round++) {
    simplex.sort((a, b) => a.value - b.value);
    const [best] = simplex as [{ point: readonly number[]; value: number }];
    const worst = simplex[size] as typeof best;
    const centre = start.map(
      (_, j) => simplex.slice(0, size).reduce((sum, { point }) => sum + (point[j] as number), 0) / size,
    );
    const move = (k: number) => at(centre.map((x, j) => x + k * (x - (worst.point[j] as number))));
    const reflected = move(1);
    if (reflected.value < best.value) {
      const expanded = move(2);
      simplex[size] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < (simplex[size - 1] as typeof best).value) {
      simplex[size] = reflected;
    } else {
      const contracted = move(-0.5);
      if (contracted.value < worst.value) simplex[size] = contracted;
      else {
        for (let i = 1; i <= size; i++) {
          const { point } = simplex[i] as typeof best;
          simplex[i] = at(point.map((x, j) => (x + (best.point[j] as number)) / 2));
        }
      }
    }
  }
  return simplex.reduce((least, vertex) => (vertex.value < least.value ? vertex : least));
}
