import type { Decision } from '@capplan/planning';

/** The same ground with a decision that says what of its window had not come when it was made. */
export function withoutInputs<G extends { decision: Decision }>(ground: G, without: readonly string[]): G {
  if (without.length === 0) return ground;
  const { decision } = ground;
  const { currentWorkers: workers, explanation, rationale } = decision;
  const detail = `${without.join(' and ')} of this window had not come within a second; decided by what was there`;
  const said = `Decided without ${without.join(' and ')} of this window, by what was there.`;
  return {
    ...ground,
    decision: {
      ...decision,
      explanation: [{ rule: 'window', before: workers, after: workers, detail }, ...explanation],
      rationale: `${rationale} ${said}`,
    },
  };
}
