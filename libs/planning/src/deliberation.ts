import type { Candidate, CandidateField } from './candidates.ts';
import type { DataState } from './data-state.ts';
import type { DecisionInput } from './decision-input.ts';
import type { MeasuredNeed } from './measured-need.ts';
import type { Present } from './present.ts';
import type { Limits } from './schedule-window.ts';
import type { Settings } from './settings.ts';
import type { Trail } from './trail.ts';

/** A decision in the making: what was read, what it was weighed against, what the candidates cost. */
export interface Deliberation {
  input: DecisionInput;
  settings: Settings;
  limits: Limits;
  data: DataState;
  present: Present;
  field: CandidateField;
  /** What the measurements alone ask for, while the forecast is learning and where something was measured. */
  measured: MeasuredNeed | undefined;
  /** The cheapest count, and the count there is. */
  best: Candidate;
  staying: Candidate;
  /** The count there is, less the margin; what the cheapest one is compared with. */
  bare: Candidate;
  priced: Candidate[];
  trail: Trail;
}
