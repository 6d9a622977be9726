import { erlangC } from './erlang.ts';
import { serversToDrain } from './fluid.ts';
import { gigcQueue } from './gigc.ts';
import { leastWhole, leastWholeByGap } from './least-whole.ts';
import type { QueueSolution } from './queue-solution.ts';
import { serviceMeanSec, serviceScv } from './service-distribution.ts';
import type { LatencyObjective, SizeConstraint, SizeQuery } from './size-query.ts';

/** Servers that one constraint asks for, by itself; infinite where the search has found none. */
export interface ServerNeed {
  readonly constraint: SizeConstraint;
  readonly servers: number;
}

/** The queue at a number of servers above the offered load; each is worked out once. */
export type QueueAt = (servers: number) => QueueSolution;

/** No search looks further than this, and a load beyond it is not searched for. */
export const SERVERS_MAX = 1e9;

/** Remembers the queues of one query: searches and the final report meet the same numbers of servers again. */
export function queueAt(query: SizeQuery): QueueAt {
  const { service, arrivalDispersion = 1 } = query;
  const a = query.arrivalRatePerSec * serviceMeanSec(service);
  const known = new Map<number, QueueSolution>();
  return (servers) => {
    let queue = known.get(servers);
    if (!queue) {
      queue = gigcQueue(a, servers, service, arrivalDispersion, { isSearch: true });
      known.set(servers, queue);
    }
    return queue;
  };
}

/** Share of jobs that miss a latency target. */
export function lateShare(queue: QueueSolution, { of, targetSec }: LatencyObjective): number {
  return of === 'wait' ? queue.waitExceedance(targetSec) : queue.responseExceedance(targetSec);
}

/** What each constraint of a query needs. A latency target is taken as reachable: `size` has looked at that before. */
export function serverNeeds(query: SizeQuery, at: QueueAt): ServerNeed[] {
  const serviceTimeSecMean = serviceMeanSec(query.service);
  const { arrivalRatePerSec, latency, waitProbabilityMax, backlog, drain, utilizationMax } = query;
  const a = arrivalRatePerSec * serviceTimeSecMean;
  const needs: ServerNeed[] = [];
  const add = (constraint: SizeConstraint, servers: number) => needs.push({ constraint, servers });
  if (a >= SERVERS_MAX) return [{ constraint: 'stability', servers: Number.POSITIVE_INFINITY }];
  if (a > 0) {
    add('stability', Math.floor(a) + 1);
    if (utilizationMax !== undefined) add('utilization', Math.ceil((a / utilizationMax) * (1 - 1e-12)));
    if (latency) add('latency', serversForLatency(query, latency, at));
    if (waitProbabilityMax !== undefined) {
      add(
        'wait_probability',
        leastServers(a, a + Math.sqrt(a), (c) => at(c).waitProbability <= waitProbabilityMax),
      );
    }
    if (backlog) {
      const allowed = 1 - (backlog.percentile ?? 0.99);
      const isWithin = (c: number) => backlogExceedance(at(c), arrivalRatePerSec, backlog.jobsMax) <= allowed;
      add('backlog', leastServers(a, a + 0.3 * Math.sqrt(a), isWithin));
    }
  }
  if (drain && drain.backlogJobs > 0) {
    const { backlogJobs, withinSec: drainSec } = drain;
    add('drain', serversToDrain({ backlogJobs, arrivalRatePerSec, serviceTimeSecMean, drainSec }));
  }
  return needs;
}

/**
 * P(more than n jobs wait). In a first-come-first-served line, those waiting when a job's service begins have arrived while it
 * waited: n more of them take n/λ on average. Exact for M/M/c.
 */
function backlogExceedance(queue: QueueSolution, arrivalRatePerSec: number, jobsMax: number): number {
  if (queue.model === 'M/M/c') return queue.waitProbability * queue.utilization ** (Math.floor(jobsMax) + 1);
  return queue.waitExceedance((Math.floor(jobsMax) + 0.5) / arrivalRatePerSec);
}

function leastServers(a: number, guess: number, isEnough: (servers: number) => boolean): number {
  const from = Math.floor(a) + 1;
  const step = Math.max(1, 0.03 * Math.sqrt(a));
  return leastWhole(isEnough, { from, upTo: SERVERS_MAX, guess, step }) ?? Number.POSITIVE_INFINITY;
}

/** The first number of servers that keeps a latency target. */
function serversForLatency(query: SizeQuery, latency: LatencyObjective, at: QueueAt): number {
  const a = query.arrivalRatePerSec * serviceMeanSec(query.service);
  const allowed = 1 - latency.percentile;
  const gap = (c: number) => Math.log(lateShare(at(c), latency) / allowed);
  const from = Math.floor(a) + 1;
  const found = leastWholeByGap(gap, { from, upTo: SERVERS_MAX, ...guessForLatency(query, latency) });
  return found ?? Number.POSITIVE_INFINITY;
}

/** A near miss from Erlang C and an exponential wait: cheap, and it saves most of the dearer evaluations. */
function guessForLatency(query: SizeQuery, latency: LatencyObjective): { guess: number; slope: number } {
  const meanSec = serviceMeanSec(query.service);
  const a = query.arrivalRatePerSec * meanSec;
  const { of, targetSec, percentile } = latency;
  // The more servers, the less a long service holds up the queue behind it.
  const variability = 1 + ((query.arrivalDispersion ?? 1) + serviceScv(query.service) - 2) / (2 + 0.05 * Math.sqrt(a));
  const slackSec = of === 'wait' ? targetSec : Math.max(0.3 * targetSec, targetSec - 2 * meanSec);
  const slack = slackSec / meanSec / Math.max(variability, 0.5);
  const from = Math.floor(a) + 1;
  const late = (c: number) => Math.log(erlangC(a, c)) - (c - a) * slack;
  const target = Math.log(1 - percentile);
  const spread = Math.sqrt(a);
  const near = leastWhole((c) => late(c) <= target, {
    from,
    upTo: SERVERS_MAX,
    guess: a + Math.min(spread, 3 / slack),
    step: 0.1 * spread,
  });
  const guess = near ?? from;
  return { guess, slope: Math.min(late(guess + 1) - late(guess), -1e-6) };
}
