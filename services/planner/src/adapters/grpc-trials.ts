import { durationText, type PlanSimulation } from '@capplan/contracts';
import type { GrpcClient } from '@capplan/runtime';
import { trialScenario } from '../decide/trial-scenario.ts';
import type { TrialAnswer, Trials } from '../ports.ts';

interface Figures {
  slo_attainment: number;
  max_backlog: number;
  p95_response_s: number;
  cost: number;
}

interface Answer {
  id: string;
  figures: Figures[];
}

/** Past this nobody waits for the answer any more. */
const timeoutMs = 2000;
/** Another candidate has to be cheaper by this share, because the formulas saw more futures than the trial does. */
const betterBy = 0.02;

/** Has the simulator try candidates out. One candidate alone is tried against staying where the pool is. */
export function createGrpcTrials(client: GrpcClient): Trials {
  return {
    compare: async (question, signal): Promise<TrialAnswer> => {
      const current = question.snapshot.current_workers + question.snapshot.starting_workers;
      const tried =
        question.candidates.length > 1 ? question.candidates : [...question.candidates, { workers: current }];
      const scenarios = tried.map((candidate) => JSON.stringify(trialScenario(question, candidate)));
      const { id, figures } = await client.call<Answer>(
        'Compare',
        { scenarios_json: scenarios },
        { timeoutMs, signal },
      );
      const results = figures.slice(0, question.candidates.length);
      const first = results[0];
      if (!first) return { simulated: false, reason: 'the simulator answered without figures' };
      let best = 0;
      for (const [i, { cost }] of results.entries()) {
        if (cost < (results[best]?.cost ?? Infinity) && cost < first.cost * (1 - betterBy)) best = i;
      }
      return { simulated: true, best, results: results.map((result) => simulationOf(result, id)) };
    },
  };
}

function simulationOf(figures: Figures, id: string): PlanSimulation {
  return {
    simulated: true,
    slo_achievement: Math.min(1, Math.max(0, figures.slo_attainment)),
    max_backlog: Math.max(0, figures.max_backlog),
    p95_latency: durationText(figures.p95_response_s),
    simulation_id: id,
  };
}
