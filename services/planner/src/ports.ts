import type { Forecast, PlanSimulation, Policy, Pool, Snapshot, Step } from '@capplan/contracts';
import type { Decision, DecisionInput, NamedCount } from '@capplan/planning';

/** The decision core: pure functions of `@capplan/planning`, as this service uses them. */
export interface PlanningCore {
  /** With `named`, what it would mean to have that count instead of the one decided on. */
  decide(input: DecisionInput, named?: NamedCount): Decision;
}

export interface TrialQuestion {
  pool: Pool;
  policy: Policy;
  snapshot: Snapshot;
  forecast: Forecast | undefined;
  /** What might be done; the first is what formulas chose. All are tried with the same seed. */
  candidates: { workers: number; steps: readonly Step[] }[];
}

export type TrialAnswer =
  | { simulated: true; best: number; results: PlanSimulation[] }
  | { simulated: false; reason: string };

/** Tries candidates out. Obeys `signal`; whoever asks stops waiting after a bound and goes by formulas alone. */
export interface Trials {
  compare(question: TrialQuestion, signal: AbortSignal): Promise<TrialAnswer>;
}
