import { type MissCurve, missAt } from './late-share.ts';
import { type SteadyRow, type SteadyTable, steadyChance, steadyRow } from './steady-table.ts';

/** Sampled futures laid out for speed: demand and chance of path p, step s at index p × steps + s. */
export interface FluidPaths {
  paths: number;
  steps: number;
  stepSec: number;
  ratesPerSec: Float64Array;
  /** Standard normal numbers, the same for every candidate so that candidates differ by their count alone. */
  noise: Float64Array;
}

export interface FluidPool {
  /** Jobs in the pool at the start: running and waiting. */
  jobs: number;
  serviceMeanSec: number;
  serviceScv: number;
  miss: MissCurve;
  /** Misses by waits that come and go within a step. */
  steady: SteadyTable;
  maxBacklog: number | undefined;
  /** Slots counted on, later, to work off what is left over; > 0. */
  drainServers: number;
  /** Jobs that have waited no longer than this at the end of the horizon are helped in time by workers ordered then, seconds. */
  laterOrderSec: number;
}

/** What one candidate leads to, averaged over the paths. */
export interface FluidOutcome {
  /** Expected missed minutes over the whole horizon. */
  missedMinutes: number;
  /** Expected missed minutes from the end of the start-up delay on, which is all a scale-up can change. */
  missedMinutesInReach: number;
  /** Share of paths with a missed minute in reach. */
  brokenPaths: number;
  /** Mean waiting jobs and mean wait at the end of the horizon. */
  backlogEnd: number;
  waitEndSec: number;
  /** Expected excess of the final wait over what the target allows, minutes of it, before it is worked off. */
  leftoverMinutes: number;
  /** Minutes it takes to work off what is beyond half the allowed wait, once a share of spare capacity is there for it. */
  overhangMinutes: number;
  backlogMax: number;
}

/**
 * Runs every path through a queue with the given servers per step.
 *
 * Work in progress X follows demand as a fluid: below saturation it relaxes towards the offered load with the mean
 * residual service time E[S](1 + scv)/2 as its time constant - the modified offered load of M_t/G/∞, matched in its
 * lag - and above saturation the servers work off n/E[S] jobs per second. Each step adds the randomness of service,
 * with the variance of the jobs finished in it. Demand's own randomness is already in the paths.
 *
 * Assumes that one queue feeds all slots in order of arrival. A step should not be much longer than the target, or
 * misses inside it are averaged away.
 *
 * Sources: Eick, Massey & Whitt, The physics of the M_t/G/∞ queue (1993), for the lag; Mandelbaum, Massey & Reiman,
 * Strong approximations for Markovian service networks (1998), for fluid and diffusion.
 *
 * @param serversAt slots that work during each step
 * @param reachFrom first step that counts as in reach
 */
export function runPaths(
  pool: FluidPool,
  demand: FluidPaths,
  serversAt: Float64Array,
  reachFrom: number,
): FluidOutcome {
  const { paths, steps, stepSec, ratesPerSec, noise } = demand;
  const { serviceMeanSec, miss, maxBacklog } = pool;
  const lagSec = (serviceMeanSec * (1 + pool.serviceScv)) / 2;
  const keep = Math.exp(-stepSec / lagSec);
  const missMinutes = stepSec / 60;
  const allowedWait = allowedWaitSec(miss);
  const { drainServers, laterOrderSec } = pool;
  const steadyAt = Array.from(serversAt, (servers) => steadyRow(pool.steady, servers));
  let missed = 0;
  let missedInReach = 0;
  let broken = 0;
  let backlogEnd = 0;
  let waitEnd = 0;
  let leftover = 0;
  let overhang = 0;
  let backlogMax = 0;
  for (let p = 0; p < paths; p++) {
    let jobs = pool.jobs;
    let kept = 1;
    let arrivals = 0;
    for (let s = 0; s < steps; s++) {
      const at = p * steps + s;
      const rate = ratesPerSec[at] as number;
      const servers = serversAt[s] as number;
      const load = rate * serviceMeanSec;
      arrivals += rate;
      const before = jobs;
      let drift: number;
      if (jobs > servers) {
        drift = (rate - servers / serviceMeanSec) * stepSec;
        if (jobs + drift < servers) {
          // Empties its backlog inside the step and relaxes for the rest of it.
          const rest = stepSec * (1 - (jobs - servers) / -drift);
          jobs = load + (servers - load) * Math.exp(-rest / lagSec);
        } else jobs += drift;
      } else {
        const relaxed = load + (jobs - load) * keep;
        if (relaxed > servers) {
          // Fills its servers inside the step; from there on the surplus waits.
          const until = load > jobs ? lagSec * Math.log((load - jobs) / (load - servers)) : 0;
          jobs = servers + (rate - servers / serviceMeanSec) * Math.max(0, stepSec - until);
        } else jobs = relaxed;
      }
      const busy = jobs < servers ? jobs : servers;
      const memorySec = jobs >= servers ? stepSec : Math.min(stepSec, lagSec);
      jobs += (noise[at] as number) * Math.sqrt((busy / serviceMeanSec) * memorySec);
      if (jobs < 0) jobs = 0;
      // The wait of the step's jobs: the mean of its two ends, in front of the servers there are.
      const waiting = 0.5 * (Math.max(0, before - servers) + Math.max(0, jobs - servers));
      const wait = servers > 0 ? (waiting * serviceMeanSec) / servers : waiting > 0 ? Number.POSITIVE_INFINITY : 0;
      // Without servers whoever comes is late: the expected number that waits says how likely it is that somebody does.
      let chance = servers > 0 ? missAt(miss, wait) : 1 - Math.exp(-waiting);
      chance = Math.max(chance, steadyChance(steadyAt[s] as SteadyRow, load));
      if (maxBacklog !== undefined && waiting > maxBacklog) chance = 1;
      missed += chance;
      if (s >= reachFrom) {
        missedInReach += chance;
        kept *= 1 - chance;
      }
      if (waiting > backlogMax) backlogMax = waiting;
    }
    const left = serversAt[steps - 1] as number;
    const newcomers = (arrivals / steps) * laterOrderSec;
    const waiting = Math.max(0, jobs - left - newcomers);
    // Where nobody is left, somebody has to be started for what waits.
    const servers = left > 0 ? left : drainServers;
    const wait = (waiting * serviceMeanSec) / servers;
    broken += 1 - kept;
    backlogEnd += waiting;
    waitEnd += wait;
    leftover += wait / allowedWait;
    const surplus = waiting - (0.5 * allowedWait * servers) / serviceMeanSec;
    if (surplus > 0) overhang += (surplus * serviceMeanSec) / drainServers / 60;
  }
  return {
    missedMinutes: (missed / paths) * missMinutes,
    missedMinutesInReach: (missedInReach / paths) * missMinutes,
    brokenPaths: broken / paths,
    backlogEnd: backlogEnd / paths,
    waitEndSec: waitEnd / paths,
    leftoverMinutes: leftover / paths,
    overhangMinutes: overhang / paths,
    backlogMax,
  };
}

/** The wait at which a minute misses as often as not. */
export function allowedWaitSec(miss: MissCurve): number {
  const { table, stepSec } = miss;
  for (let i = 0; i < table.length; i++) if ((table[i] as number) >= 0.5) return Math.max(i * stepSec, 0.5 * stepSec);
  return table.length * stepSec;
}
