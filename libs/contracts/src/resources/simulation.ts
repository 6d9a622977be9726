import Type, { type Static } from 'typebox';
import { Identifier, oneOf, Timestamp } from '../primitives.ts';

export const SimulationStatus = oneOf('running', 'done', 'failed');
export type SimulationStatus = Static<typeof SimulationStatus>;

/**
 * One what-if run; the newest 2,000 are kept, for 7 days. `request` is a scenario and `result` its outcome, both in the form that
 * `@capplan/simulation` defines and checks.
 */
export const Simulation = Type.Object({
  id: Identifier,
  status: SimulationStatus,
  created_at: Timestamp,
  request_hash: Type.String({ maxLength: 128 }),
  request: Type.Unknown(),
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
});
export type Simulation = Static<typeof Simulation>;
