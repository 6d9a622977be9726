import { erlangB, erlangC } from './erlang.ts';
import { leastWhole } from './least-whole.ts';
import { requireNumber } from './require-number.ts';

/** No pool is larger; keeps a search bounded. */
const SERVERS_MAX = 1e9;

/**
 * Fewest servers that turn away at most a given share of jobs (inverse of Erlang B).
 *
 * @param query.offeredLoadErlangs ≥ 0
 * @param query.blockingProbability target in (0, 1]
 * @returns whole number ≥ 0
 * @example serversForBlocking({ offeredLoadErlangs: 2, blockingProbability: 0.4 }) // 2
 */
export function serversForBlocking(query: { offeredLoadErlangs: number; blockingProbability: number }): number {
  const { offeredLoadErlangs: a, blockingProbability: target } = query;
  requireNumber('offeredLoadErlangs', a, { min: 0, max: SERVERS_MAX / 2 });
  requireNumber('blockingProbability', target, { above: 0, max: 1 });
  const isEnough = (c: number) => erlangB(a, c) <= target;
  return search(isEnough, { from: 0, guess: a * (1 - target), spread: Math.sqrt(a) });
}

/**
 * Fewest servers at which at most a given share of jobs has to wait (inverse of Erlang C).
 *
 * @param query.offeredLoadErlangs ≥ 0
 * @param query.waitProbability target in (0, 1]; 1 still asks for a queue that drains
 * @returns whole number ≥ 1, above the offered load
 * @example serversForWaitProbability({ offeredLoadErlangs: 2, waitProbability: 0.5 }) // 3
 */
export function serversForWaitProbability(query: { offeredLoadErlangs: number; waitProbability: number }): number {
  const { offeredLoadErlangs: a, waitProbability: target } = query;
  requireNumber('offeredLoadErlangs', a, { min: 0, max: SERVERS_MAX / 2 });
  requireNumber('waitProbability', target, { above: 0, max: 1 });
  const isEnough = (c: number) => erlangC(a, c) <= target;
  const spread = Math.sqrt(a);
  return search(isEnough, {
    from: Math.max(1, Math.floor(a) + 1),
    guess: a + halfinWhittBeta(target) * spread,
    spread,
  });
}

/**
 * Largest load that a number of servers can be offered while at most a given share is turned away.
 *
 * @returns erlangs, correct to 1e-12 of itself
 * @example loadForBlocking({ servers: 2, blockingProbability: 0.4 }) // 2
 */
export function loadForBlocking(query: { servers: number; blockingProbability: number }): number {
  const { servers, blockingProbability: target } = query;
  requireNumber('servers', servers, { min: 1, max: SERVERS_MAX, whole: true });
  requireNumber('blockingProbability', target, { above: 0, max: 1 - 1e-9 });
  let high = servers;
  while (erlangB(high, servers) < target) high *= 2;
  return bisectLoad((a) => erlangB(a, servers) <= target, high);
}

/**
 * Largest load that a number of servers can be offered while at most a given share has to wait.
 *
 * @returns erlangs, below the number of servers
 * @example loadForWaitProbability({ servers: 3, waitProbability: 4 / 9 }) // 2
 */
export function loadForWaitProbability(query: { servers: number; waitProbability: number }): number {
  const { servers, waitProbability: target } = query;
  requireNumber('servers', servers, { min: 1, max: SERVERS_MAX, whole: true });
  requireNumber('waitProbability', target, { above: 0, max: 1 });
  if (target === 1) return servers;
  return bisectLoad((a) => erlangC(a, servers) <= target, servers);
}

/**
 * The β at which a queue with a + β√a servers makes a given share wait, for large loads.
 *
 * P(wait) → 1 / (1 + βΦ(β)/φ(β)). Used as a first guess; the searches around it are exact.
 *
 * @see Halfin & Whitt, Heavy-traffic limits for queues with many exponential servers, Operations Research 29(3), 1981
 */
function halfinWhittBeta(target: number): number {
  let low = 0;
  let high = 40;
  for (let i = 0; i < 30; i++) {
    const beta = (low + high) / 2;
    // Φ to about 1e-3 by the logistic approximation: enough for a guess.
    const cumulative = 1 / (1 + Math.exp(-1.702 * beta));
    const density = Math.exp((-beta * beta) / 2) / Math.sqrt(2 * Math.PI);
    if (density / (density + beta * cumulative) > target) low = beta;
    else high = beta;
  }
  return high;
}

function search(
  isEnough: (c: number) => boolean,
  { from, guess, spread }: { from: number; guess: number; spread: number },
): number {
  const found = leastWhole(isEnough, { from, upTo: SERVERS_MAX, guess, step: Math.max(1, spread / 50) });
  if (found === undefined) throw new RangeError(`more than ${SERVERS_MAX} servers would be needed`);
  return found;
}

function bisectLoad(isWithin: (a: number) => boolean, upperBound: number): number {
  let low = 0;
  let high = upperBound;
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (isWithin(middle)) low = middle;
    else high = middle;
  }
  return low;
}
