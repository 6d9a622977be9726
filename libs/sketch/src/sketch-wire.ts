/** A sketch as JSON: `counts[i]` values lay in (γ^(offset+i-1), γ^(offset+i)], γ = (1 + relative_error)/(1 - relative_error). */
export interface SketchWire {
  readonly relative_error: number;
  readonly zero_count: number;
  readonly count: number;
  readonly sum: number;
  readonly sum_squares: number;
  readonly min: number;
  readonly max: number;
  readonly offset: number;
  readonly counts: readonly number[];
}
