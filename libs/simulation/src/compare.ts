import { Collector, type Estimate, studentBelow } from './estimate.ts';
import { type MetricName, metricDirections, metricNames } from './run-metrics.ts';
import type { Scenario } from './scenario.ts';
import {
  drive,
  type SimulationOptions,
  type SimulationOutcome,
  type SimulationProgress,
  type SimulationResult,
  simulateInSteps,
} from './simulate.ts';

export const scenariosMax = 10;

/** One figure of one scenario against the first, over the same jobs. */
export interface MetricDifference {
  /** This scenario minus the first, replication by replication. */
  difference: Estimate;
  /** `better` or `worse` when the 95 % interval leaves out zero; `neutral` figures are not judged. */
  verdict: 'better' | 'worse' | 'unclear' | 'same' | 'neutral';
  /** How surely this scenario is the better one, 0 to 1 (one-sided paired t); 0.5 when equal, NaN when not judged. */
  sureness: number;
}

export interface PoolComparison {
  pool: string;
  /** In the order of the scenarios, the first (compared with itself) left out. */
  against: { scenario: string; metrics: Record<MetricName, MetricDifference> }[];
  /** Per figure, the scenario with the best mean. */
  best: Partial<Record<MetricName, string>>;
}

export type ComparisonOutcome =
  | { ok: true; results: SimulationResult[]; pools: PoolComparison[] }
  | { ok: false; reason: 'cancelled' | 'controller_missing' | 'not_comparable'; detail: string };

/**
 * Which of these scenarios is better, at what, and how surely?
 *
 * All run with the seed, the number of replications and the warm-up of the first, so that replication by replication they
 * meet the same jobs; differences are paired, which takes most of the noise out of them.
 *
 * @param scenarios 2 to 10, of equal horizon, interval and number of pools
 */
export function compare(scenarios: readonly Scenario[], options: SimulationOptions = {}): ComparisonOutcome {
  return drive(compareInSteps(scenarios, options), options);
}

/** The same a few milliseconds at a time. */
export function* compareInSteps(
  scenarios: readonly Scenario[],
  options: Pick<SimulationOptions, 'controllerFor'> = {},
): Generator<SimulationProgress, ComparisonOutcome> {
  const refusal = refuse(scenarios);
  if (refusal !== undefined) return { ok: false, reason: 'not_comparable', detail: refusal };
  const first = scenarios[0]!;
  const count = Math.max(...scenarios.map(({ replications }) => replications.max));
  const outcomes: Extract<SimulationOutcome, { ok: true }>[] = [];
  for (const [i, scenario] of scenarios.entries()) {
    const aligned: Scenario = {
      ...scenario,
      seed: first.seed,
      warmupSec: i === 0 ? first.warmupSec : outcomes[0]!.result.warmupSec,
      replications: { min: count, max: count, relativeError: 0 },
    };
    const steps = simulateInSteps(aligned, options);
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      yield { ...step.value, fraction: (i + step.value.fraction) / scenarios.length };
    }
    if (!step.value.ok) return step.value;
    outcomes.push(step.value);
  }
  const names = distinctNames(scenarios);
  return {
    ok: true,
    results: outcomes.map(({ result }, i) => ({ ...result, name: names[i]! })),
    pools: first.pools.map(({ name }, pool) => comparePool(name, pool, names, outcomes)),
  };
}

function refuse(scenarios: readonly Scenario[]): string | undefined {
  if (scenarios.length < 2 || scenarios.length > scenariosMax) {
    return `takes 2 to ${scenariosMax} scenarios, not ${scenarios.length}`;
  }
  const first = scenarios[0]!;
  for (const { name, horizonSec, intervalSec, pools } of scenarios) {
    if (horizonSec !== first.horizonSec || intervalSec !== first.intervalSec || pools.length !== first.pools.length) {
      return `'${name}' and '${first.name}' need the same horizon, interval and number of pools`;
    }
  }
  return undefined;
}

function comparePool(
  pool: string,
  place: number,
  names: readonly string[],
  outcomes: readonly Extract<SimulationOutcome, { ok: true }>[],
): PoolComparison {
  const base = outcomes[0]!.replications[place]!;
  const against = outcomes.slice(1).map((outcome, i) => ({
    scenario: names[i + 1]!,
    metrics: Object.fromEntries(
      metricNames.map((metric) => {
        const differences = new Collector();
        for (const [r, own] of outcome.replications[place]!.entries()) differences.add(own[metric] - base[r]![metric]);
        return [metric, judge(metric, differences)];
      }),
    ) as Record<MetricName, MetricDifference>,
  }));
  const best: Partial<Record<MetricName, string>> = {};
  for (const metric of metricNames) {
    const sign = metricDirections[metric] === 'lower' ? -1 : 1;
    if (metricDirections[metric] === 'neutral') continue;
    let highest = Number.NEGATIVE_INFINITY;
    for (const [i, { result }] of outcomes.entries()) {
      const value = sign * result.pools[place]!.summary[metric].mean;
      if (value > highest) {
        highest = value;
        best[metric] = names[i]!;
      }
    }
  }
  return { pool, against, best };
}

function judge(metric: MetricName, differences: Collector): MetricDifference {
  const difference = differences.estimate();
  const direction = metricDirections[metric];
  if (direction === 'neutral') return { difference, verdict: 'neutral', sureness: Number.NaN };
  const gain = direction === 'higher' ? difference.mean : -difference.mean;
  const error = differences.standardError();
  if (gain === 0 && !(error > 0)) return { difference, verdict: 'same', sureness: 0.5 };
  if (!(difference.count >= 2)) return { difference, verdict: 'unclear', sureness: Number.NaN };
  const sureness = studentBelow(gain / error, difference.count - 1);
  const clear = difference.low > 0 || difference.high < 0;
  return { difference, verdict: clear ? (gain > 0 ? 'better' : 'worse') : 'unclear', sureness };
}

/** Scenarios are told apart by name; equal names get a number. */
function distinctNames(scenarios: readonly Scenario[]): string[] {
  const seen = new Map<string, number>();
  return scenarios.map(({ name }) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}
