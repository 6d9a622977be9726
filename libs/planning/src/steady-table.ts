import { relaxationSec, type SteadyPool, steadyMiss } from './steady-misses.ts';

/**
 * Chances of a missed minute by load for one number of servers, as far as the queue comes to rest within a step: entry i is
 * for a load of servers - i × spacing, NaN until it is asked for.
 */
export interface SteadyRow {
  readonly chances: Float64Array;
  readonly servers: number;
  readonly spacing: number;
  readonly table: SteadyTable;
}

/** The rows of one kind of pool; pools alike share them, and so do their decisions. */
export interface SteadyTable {
  readonly pool: SteadyPool;
  readonly stepSec: number;
  readonly allowedWaitSec: number;
  readonly rows: Map<number, SteadyRow>;
}

/** Entries lie so many square roots of the servers apart; beyond the last one nobody waits. */
const spacingDeviations = 0.2;
const entries = 36;
/** Service times and spreads closer than these, in their logarithm, share a table. */
const meanStep = 0.02;
const spreadStep = 0.05;
const tablesMax = 1024;
const tables = new Map<string, SteadyTable>();

/**
 * @param queue.stepSec length of a step, seconds
 * @param queue.allowedWaitSec the wait at which a minute misses as often as not
 */
export function steadyTable(pool: SteadyPool, queue: { stepSec: number; allowedWaitSec: number }): SteadyTable {
  const { latencySec, latencyOf } = pool;
  const { stepSec, allowedWaitSec } = queue;
  const mean = Math.round(Math.log(pool.serviceMeanSec) / meanStep);
  const spread = Math.round(Math.log1p(pool.serviceScv) / spreadStep);
  const key = `${latencyOf} ${latencySec} ${mean} ${spread} ${stepSec} ${allowedWaitSec}`;
  const known = tables.get(key);
  if (known) return known;
  if (tables.size >= tablesMax) tables.clear();
  const rounded = { serviceMeanSec: Math.exp(mean * meanStep), serviceScv: Math.expm1(spread * spreadStep) };
  const fresh: SteadyTable = {
    pool: { latencySec, latencyOf, ...rounded },
    stepSec,
    allowedWaitSec,
    rows: new Map(),
  };
  tables.set(key, fresh);
  return fresh;
}

/** Servers that are there for a part of the step only are not counted on. */
export function steadyRow(table: SteadyTable, servers: number): SteadyRow {
  const whole = Math.floor(servers + 1e-9);
  let row = table.rows.get(whole);
  if (row === undefined) {
    const spacing = spacingDeviations * Math.sqrt(Math.max(1, whole));
    row = { chances: new Float64Array(entries).fill(Number.NaN), servers: whole, spacing, table };
    table.rows.set(whole, row);
  }
  return row;
}

/** Chance that a minute of this load misses because of waits that come and go within a step; the fluid sees the others. */
export function steadyChance(row: SteadyRow, loadErlangs: number): number {
  const at = (row.servers - loadErlangs) / row.spacing;
  if (at <= 0) return entryOf(row, 0);
  const low = Math.floor(at);
  if (low >= entries - 1) return 0;
  const share = at - low;
  return (1 - share) * entryOf(row, low) + share * entryOf(row, low + 1);
}

function entryOf(row: SteadyRow, i: number): number {
  let chance = row.chances[i] as number;
  if (Number.isNaN(chance)) {
    const load = Math.max(0, row.servers - i * row.spacing);
    chance = steadyMiss(row.table.pool, load, row.servers) * atRest(row, load);
    row.chances[i] = chance;
  }
  return chance;
}

/**
 * How far the queue comes to rest within a step: after its relaxation time, or earlier where diffusion has carried it as far as
 * the allowed wait, which is all that matters. Slower queues are the fluid's, which knows where they stand.
 */
function atRest({ table, servers }: SteadyRow, load: number): number {
  const { pool, stepSec, allowedWaitSec } = table;
  const { serviceMeanSec, serviceScv } = pool;
  const reachedSec = (allowedWaitSec ** 2 * servers) / (serviceMeanSec * (1 + serviceScv));
  const sec = Math.min(load < servers ? relaxationSec(pool, load, servers) : Number.POSITIVE_INFINITY, reachedSec);
  return 1 - Math.exp(-((stepSec / sec) ** 2));
}
