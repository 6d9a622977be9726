import { CapacityError, jsonBytes, recordBytesMax, type Simulation } from '@capplan/contracts';

type Fields = Record<string, unknown>;

/** What stands around request and result. */
const aroundBytes = 1_024;
/** Of a result that is too large, each pool keeps so many of its breaches. */
const breachesMax = 200;

/**
 * The simulation as it can be kept and answered: it has to travel in a message. Of a result that is too large every second,
 * fourth, eighth … interval of the timelines is kept, as many as fit, and it says so (`shortened`, `timeline_every`); what it
 * sums up stays whole. A request that would leave no room for a result is not kept: `null` stands for it.
 *
 * @throws CapacityError `too_large` when what it sums up alone is too large
 */
export function fitSimulation(simulation: Simulation, bytesMax: number = recordBytesMax): Simulation {
  if (jsonBytes(simulation) <= bytesMax) return simulation;
  const requestBytes = jsonBytes(simulation.request);
  const request = requestBytes <= bytesMax / 2 ? simulation.request : null;
  const room = bytesMax - aroundBytes - (request === null ? 0 : requestBytes);
  return { ...simulation, request, result: fitResult(simulation.result, room) };
}

function fitResult(result: unknown, bytesMax: number): unknown {
  const bytes = jsonBytes(result ?? null);
  if (bytes <= bytesMax || !isObject(result)) return result;
  const longest = Math.max(
    1,
    ...runsOf(result)
      .flatMap(poolsOf)
      .map(({ timeline }) => lengthOf(timeline)),
  );
  for (let every = 2; every < 2 * longest; every *= 2) {
    const said = `Every ${every} intervals one is shown: as a whole this result has ${bytes} bytes, and ${bytesMax} are kept.`;
    const thinned = eachRun(result, (run) => ({
      ...run,
      shortened: said,
      timeline_every: every,
      pools: poolsOf(run).map((pool) => thinPool(pool, every)),
    }));
    if (jsonBytes(thinned) <= bytesMax) return thinned;
  }
  throw new CapacityError(
    'too_large',
    `the result has ${bytes} bytes, and more than ${bytesMax} without its timelines; simulate fewer pools or compare fewer scenarios`,
  );
}

function thinPool(pool: Fields, every: number): Fields {
  const { timeline, breaches } = pool;
  const pick = (values: unknown): unknown => {
    if (Array.isArray(values)) return values.filter((_, i) => i % every === 0);
    return isObject(values)
      ? Object.fromEntries(Object.entries(values).map(([name, inner]) => [name, pick(inner)]))
      : values;
  };
  const isCut = Array.isArray(breaches) && breaches.length > breachesMax;
  return {
    ...pool,
    timeline: pick(timeline),
    ...(isCut && { breaches: breaches.slice(0, breachesMax), breaches_left_out: breaches.length - breachesMax }),
  };
}

/** A comparison holds one run for each scenario, anything else is one. */
function runsOf(result: Fields): Fields[] {
  return Array.isArray(result.results) ? result.results.filter(isObject) : [result];
}

function eachRun(result: Fields, change: (run: Fields) => Fields): Fields {
  return Array.isArray(result.results) ? { ...result, results: runsOf(result).map(change) } : change(result);
}

function poolsOf(run: Fields): Fields[] {
  return Array.isArray(run.pools) ? run.pools.filter(isObject) : [];
}

function lengthOf(timeline: unknown): number {
  return isObject(timeline) && Array.isArray(timeline.start_sec) ? timeline.start_sec.length : 0;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
