import { cutText, jsonBytes, type Plan } from '@capplan/contracts';

/**
 * A plan may have so much JSON. What tells of it has to fit into a message; the record of a pool holds the plan of now,
 * up to three changes still to be published, and the plans before.
 */
export const planBytesMax = 131_072;

interface Lengths {
  rationale: number;
  explanations: number;
  detail: number;
  alternatives: number;
  reason: number;
}

/** Each cuts deeper than the one before; with the last, every plan that can be made fits. */
const cuts: readonly Lengths[] = [
  { rationale: 4_096, explanations: 64, detail: 512, alternatives: 8, reason: 128 },
  { rationale: 2_048, explanations: 32, detail: 128, alternatives: 0, reason: 64 },
  { rationale: 512, explanations: 8, detail: 128, alternatives: 0, reason: 16 },
];

/**
 * The plan as it can be kept and published: of one that is too large, first the curves go, then more and more of its
 * texts, and its rationale says so. What it would do, and when, stays whole.
 */
export function shortenPlan(plan: Plan): Plan {
  const bytes = jsonBytes(plan);
  if (bytes <= planBytesMax) return plan;
  let shorter = plan;
  for (const cut of cuts) {
    shorter = cutPlan(plan, cut, `Shortened: as a whole this plan has ${bytes} bytes, and ${planBytesMax} are kept.`);
    if (jsonBytes(shorter) <= planBytesMax) break;
  }
  return shorter;
}

function cutPlan(plan: Plan, cut: Lengths, said: string): Plan {
  const { forecast } = plan;
  const confidence_bands = { level: forecast.confidence_bands.level, upper: [], lower: [] };
  return {
    ...plan,
    rationale: `${cutText(plan.rationale, cut.rationale)} ${said}`,
    explanation: plan.explanation
      .slice(0, cut.explanations)
      .map((line) => ({ ...line, detail: cutText(line.detail, cut.detail) })),
    alternatives: plan.alternatives.slice(0, cut.alternatives),
    forecast: { ...forecast, predicted_lambda: [], confidence_bands },
    steps: plan.steps.map((step) => ({ ...step, reason: cutText(step.reason, cut.reason) })),
  };
}
