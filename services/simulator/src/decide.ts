import { CapacityError, readJson } from '@capplan/contracts';
import { policyOfDraft } from '@capplan/replay';
import { readScenario, type Scenario, scenariosMax } from '@capplan/simulation';
import type { SimulationTask } from './ports.ts';

/** The figures of one scenario that callers want without reading the whole result. */
export interface Figures {
  slo_attainment: number;
  max_backlog: number;
  p95_response_s: number;
  worker_hours: number;
  cost: number;
  jobs: number;
}

/**
 * Checks what somebody wants simulated. Every problem comes back at once, with the path of its field.
 *
 * @throws `invalid_input` or `too_large`
 */
export function checkTask(task: SimulationTask): SimulationTask {
  if (task.kind === 'simulate') {
    checkScenario(task.scenario, '');
    return task;
  }
  if (task.scenarios.length < 2 || task.scenarios.length > scenariosMax) {
    throw new CapacityError('invalid_input', `scenarios: takes 2 to ${scenariosMax}, not ${task.scenarios.length}`);
  }
  for (const [i, scenario] of task.scenarios.entries()) checkScenario(scenario, `scenarios[${i}].`);
  return task;
}

function checkScenario(scenario: unknown, prefix: string): void {
  const read = readScenario(scenario);
  if (read.ok) return checkPolicies(read.scenario, prefix);
  const problems = read.problems.map(({ field, message }) => `${prefix}${field} ${message}`);
  throw new CapacityError(read.reason === 'too_large' ? 'too_large' : 'invalid_input', problems[0] ?? read.reason, {
    detail: problems,
  });
}

function checkPolicies({ pools }: Scenario, prefix: string): void {
  for (const { name, capacity } of pools) {
    if (capacity.kind !== 'policy') continue;
    const policy = policyOfDraft(capacity.policy);
    if (policy.ok) continue;
    const problems = policy.problems.map((problem) => `${prefix}capacity.policy of pool '${name}': ${problem}`);
    throw new CapacityError('invalid_input', problems[0] ?? 'invalid policy', { detail: problems });
  }
}

/** JSON with the names of every object in order: equal requests give equal text. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Reads the text of a scenario as it came over the wire. */
export function parseScenario(text: string, field: string): unknown {
  try {
    return readJson(text);
  } catch (cause) {
    throw new CapacityError('invalid_input', `${field}: ${(cause as Error).message}`, { cause });
  }
}

interface WireEstimate {
  mean: number | null;
}

interface WireResult {
  jobs_simulated?: number;
  replications?: number;
  pools?: { summary?: Record<string, WireEstimate | undefined> }[];
}

/** The headline of a result: means over replications, pools added up or the worst of them taken. */
export function figuresOf(result: unknown): Figures {
  const { pools = [], jobs_simulated: jobs = 0, replications = 1 } = result as WireResult;
  const each = (name: string) => pools.map((pool) => pool.summary?.[name]?.mean ?? 0);
  const sum = (name: string) => each(name).reduce((total, value) => total + value, 0);
  return {
    slo_attainment: Math.min(1, ...each('slo_attainment_jobs')),
    max_backlog: Math.max(0, ...each('backlog_max')),
    p95_response_s: Math.max(0, ...each('response_sec_p95')),
    worker_hours: sum('worker_hours'),
    cost: sum('cost_total'),
    jobs: jobs / Math.max(1, replications),
  };
}
