import type { GrpcClient } from '@capplan/runtime';
import type { Simulations } from '../ports.ts';

interface Answer {
  id: string;
  result_json: string;
}

/** A long what-if takes seconds; past this the simulator gives it up as well. */
const timeoutMs = 30_000;

/** Asks the simulator over gRPC; when the client of the gateway goes away, the simulator is told. */
export function createGrpcSimulations(client: GrpcClient): Simulations {
  const ask = async (method: string, request: object, signal: AbortSignal) => {
    const { id, result_json: text } = await client.call<Answer>(method, request, { timeoutMs, signal });
    return { id, result: JSON.parse(text) as unknown };
  };
  return {
    simulate: (scenario, { signal }) => ask('Simulate', { scenario_json: JSON.stringify(scenario) }, signal),
    compare: (scenarios, { signal }) =>
      ask('Compare', { scenarios_json: scenarios.map((scenario) => JSON.stringify(scenario)) }, signal),
  };
}
