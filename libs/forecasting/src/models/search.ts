/**
 * The parameter with the least loss on a coarse grid, refined once around the best. Smoothing parameters have shallow,
 * sometimes two-humped losses, for which a grid is both safer and fast enough.
 *
 * @param ranges lower and upper bound of each parameter
 */
export function gridSearch(
  ranges: readonly (readonly [number, number])[],
  loss: (parameters: number[]) => number,
  pointsPerAxis = 4,
): number[] {
  let best: number[] = ranges.map(([low, high]) => (low + high) / 2);
  let bestLoss = loss(best);
  const visit = (bounds: readonly (readonly [number, number])[]): void => {
    const chosen: number[] = [];
    const descend = (axis: number): void => {
      const bound = bounds[axis];
      if (!bound) {
        const value = loss(chosen);
        if (value < bestLoss) {
          bestLoss = value;
          best = [...chosen];
        }
        return;
      }
      for (let k = 0; k < pointsPerAxis; k++) {
        chosen[axis] = bound[0] + ((bound[1] - bound[0]) * k) / (pointsPerAxis - 1);
        descend(axis + 1);
      }
      chosen.length = axis;
    };
    descend(0);
  };
  visit(ranges);
  const centre = best;
  visit(
    ranges.map(([low, high], axis) => {
      const reach = (high - low) / (pointsPerAxis - 1) / 2;
      const middle = centre[axis] as number;
      return [Math.max(low, middle - reach), Math.min(high, middle + reach)] as const;
    }),
  );
  return best;
}
