import {
  CapacityError,
  durationSec,
  everyItem,
  type QueryName,
  type ReplyData,
  type RequestData,
} from '@capplan/contracts';
import { parseTime } from '@capplan/traces';

/** Asks the owners of history and forecasts. */
export type AskOwner = <N extends Extract<QueryName, 'load.history' | 'forecast.get'>>(
  name: N,
  data: RequestData<N>,
  key: string,
) => Promise<ReplyData<N>>;

type Fields = Record<string, unknown>;

const daySec = 86_400;
const countsMax = 100_000;

/**
 * The same scenario with traffic written out that names a pool: `{ pattern: recorded, pool }` becomes the counts of the
 * pool's recorded history, `{ pattern: forecast, pool }` the quantiles of its forecast. Anything else stays as it is, to
 * be judged by whoever reads the scenario.
 *
 * @throws `invalid_input` naming the field, `not_enough_data` when the pool has no history there
 */
export async function withPoolTraffic(scenario: unknown, options: { ask: AskOwner; nowMs: number }): Promise<unknown> {
  if (!isObject(scenario)) return scenario;
  const resolved: Fields = { ...scenario };
  if (isObject(scenario.traffic)) resolved.traffic = await traffic(scenario.traffic, scenario.horizon, options);
  if (Array.isArray(scenario.pools)) {
    resolved.pools = await Promise.all(
      scenario.pools.map(async (pool: unknown) =>
        isObject(pool) && isObject(pool.traffic)
          ? { ...pool, traffic: await traffic(pool.traffic, scenario.horizon, options) }
          : pool,
      ),
    );
  }
  return resolved;
}

async function traffic(given: Fields, horizon: unknown, options: { ask: AskOwner; nowMs: number }): Promise<Fields> {
  if (Array.isArray(given.patterns)) {
    const patterns = await Promise.all(
      given.patterns.map((pattern: unknown) => (isObject(pattern) ? traffic(pattern, horizon, options) : pattern)),
    );
    return { ...given, patterns };
  }
  const { pool, ...rest } = given;
  if (typeof pool !== 'string') return given;
  if (given.pattern === 'recorded') return { ...(await recorded(pool, rest, horizon, options)) };
  if (given.pattern === 'forecast') return { ...rest, ...(await forecast(pool, horizon, options.ask)) };
  throw new CapacityError('invalid_input', 'traffic.pool: only the patterns recorded and forecast take a pool');
}

async function recorded(
  pool: string,
  { from, to, ...rest }: Fields,
  horizon: unknown,
  { ask, nowMs }: { ask: AskOwner; nowMs: number },
): Promise<Fields> {
  const endMs = to === undefined ? nowMs : timeMs(to, 'traffic.to');
  const beginMs = from === undefined ? endMs - 1000 * secondsOf(horizon) : timeMs(from, 'traffic.from');
  if (beginMs >= endMs) throw new CapacityError('invalid_input', 'traffic.from: must be earlier than traffic.to');
  const stepSec = Math.max(15, Math.ceil((endMs - beginMs) / 1000 / countsMax));
  const range = { pool, from: new Date(beginMs).toISOString(), to: new Date(endMs).toISOString(), every_s: stepSec };
  let everySec = stepSec;
  const points = await everyItem(
    (at) => ask('load.history', { ...range, ...at }, pool),
    (page) => {
      everySec = page.every_s;
      return page.points;
    },
  );
  const first = points[0];
  if (!first)
    throw new CapacityError(
      'not_enough_data',
      `traffic.pool: ${pool} has no history from ${range.from} to ${range.to}`,
    );
  const step = Math.max(everySec, first.interval_s);
  const counts: number[] = [];
  // What was not measured repeats what came before: jobs did arrive, nobody counted them.
  for (const point of points) {
    const at = Math.max(0, Math.round((Date.parse(point.timestamp) - Date.parse(first.timestamp)) / 1000 / step));
    while (counts.length < at) counts.push(counts.at(-1) ?? 0);
    counts[at] = point.arrival_rate * step;
  }
  return { ...rest, counts, step };
}

async function forecast(pool: string, horizon: unknown, ask: AskOwner): Promise<Fields> {
  const horizonSec = Math.min(7 * daySec, Math.max(60, secondsOf(horizon)));
  const made = await ask('forecast.get', { pool, horizon_s: horizonSec }, pool);
  const quantiles: Record<string, number[]> = { '0.5': made.mean };
  for (const { level, lower, upper } of made.intervals) {
    quantiles[((1 - level) / 2).toFixed(4)] = lower;
    quantiles[((1 + level) / 2).toFixed(4)] = upper;
  }
  return { step: made.step_s, quantiles };
}

function secondsOf(horizon: unknown): number {
  const seconds = typeof horizon === 'number' ? horizon : durationSec(String(horizon));
  if (!(seconds > 0)) throw new CapacityError('invalid_input', `horizon: '${String(horizon)}' is not a length of time`);
  return seconds;
}

/** A moment in UTC where the text names no zone: the machine's own zone has no say in what is asked. */
function timeMs(text: unknown, field: string): number {
  const written = typeof text === 'string' ? parseTime(text) : undefined;
  if (written === undefined)
    throw new CapacityError('invalid_input', `${field}: '${String(text)}' is not a time; write 2026-01-05T06:00:00Z`);
  return written.ms;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
