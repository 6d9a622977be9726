import type { HoldReason } from './decision.ts';

/** One or two sentences for people: what is done, what it counts on, what it will likely bring. */
export function rationaleOf(facts: {
  fromWorkers: number;
  toWorkers: number;
  wantedWorkers: number;
  hold: HoldReason | undefined;
  holdDetail: string;
  /** Why this count was named from outside the rules, when it was. */
  named: string | undefined;
  ratePerSec: number;
  aheadSec: number;
  backlog: number;
  violationProbability: number;
  stayingViolationProbability: number;
  /** False when service alone is too slow. */
  serviceAllows: boolean;
  softBudgetWorkers: number | undefined;
}): string {
  const { fromWorkers, toWorkers, wantedWorkers, hold, holdDetail } = facts;
  const sentences: string[] = [];
  const isNamed = facts.named !== undefined && hold === undefined;
  if (isNamed) sentences.push(`${facts.named}.`);
  if (toWorkers > fromWorkers) sentences.push(`Scale up from ${fromWorkers} to ${toWorkers} workers.`);
  else if (toWorkers < fromWorkers) sentences.push(`Scale down from ${fromWorkers} to ${toWorkers} workers.`);
  else if (hold === undefined && !isNamed)
    sentences.push(`Stay at ${fromWorkers} workers, the cheapest count that is safe.`);
  else if (isNamed || wantedWorkers === fromWorkers) sentences.push(`Stay at ${fromWorkers} workers.`);
  else sentences.push(`Stay at ${fromWorkers} workers although ${wantedWorkers} would be best.`);
  if (hold !== undefined) sentences.push(`Held by ${hold.replaceAll('_', ' ')}: ${holdDetail}.`);
  sentences.push(
    `${round(facts.ratePerSec)} jobs/s are expected in ${Math.round(facts.aheadSec)} s, ${Math.round(facts.backlog)} jobs wait now.`,
  );
  const percent = (share: number): string => `${round(100 * share)} %`;
  if (toWorkers !== fromWorkers) {
    sentences.push(
      `A minute then misses its target with probability ${percent(facts.violationProbability)}; without the change ${percent(facts.stayingViolationProbability)}.`,
    );
  } else sentences.push(`A minute misses its target with probability ${percent(facts.violationProbability)}.`);
  if (!facts.serviceAllows) {
    sentences.push('The service time alone breaks the objective: no number of workers can meet it.');
  }
  if (facts.softBudgetWorkers !== undefined && toWorkers > facts.softBudgetWorkers) {
    sentences.push(`This passes the soft budget, which pays for ${facts.softBudgetWorkers} workers.`);
  }
  return sentences.join(' ');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
