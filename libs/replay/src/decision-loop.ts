import { type Forecast, type Policy, type Snapshot, timestamp } from '@capplan/contracts';
import { createLeadForecaster, type LeadState, leadPaths, observeLead } from '@capplan/forecasting';
import {
  contradictionOf,
  createRecentLoad,
  createServiceEstimate,
  type Decision,
  decide,
  decisionHorizonSec,
  observeRecentLoad,
  observeService,
  type PastChange,
  type PoolFacts,
} from '@capplan/planning';
import { createRandomStream } from '@capplan/random';
import type { ArrivalTrace } from '@capplan/traces';
import { createLongDemand, type LongDemand } from './long-demand.ts';

/** The decision code of one pool with the memory it needs between two decisions. */
export interface DecisionLoop {
  /** Takes in demand from before the first decision; a rate of null is an interval that nobody measured. */
  learn(observation: { timeMs: number; arrivalRatePerSec: number | null; intervalSec: number }): void;
  /** Takes in a whole recorded trace, interval by interval. */
  learnTrace(trace: ArrivalTrace): void;
  /** Takes in a measurement and decides; the decision counts as carried out at once. */
  decide(snapshot: Snapshot): Decision;
  /** Demand foreseen at the last decision, if there is one. */
  forecast(): Forecast | undefined;
}

export interface DecisionLoopOptions {
  pool: PoolFacts;
  policy: Policy;
  /** Seconds between two decisions; default 60. */
  decisionPeriodSec?: number;
  /** Sampled futures of demand for each decision; default 64. */
  paths?: number;
}

const pathStepSec = 30;
const remembersMs = 3_600_000;

/**
 * Closes the real decision code into a loop: snapshot in, decision out. It is what stands behind `backtest`, what-if
 * and `capplan decide`, and does what the forecaster and planner services do between them.
 *
 * It owns the state of both forecasters (the next minutes, and days and weeks), the estimate of service times, the changes it made within the last hour and the
 * money spent since the hour and the month began. It trusts that its orders are carried out; when the workers in the
 * next snapshot say otherwise, the decision starts from the snapshot.
 *
 * @example
 * const loop = createDecisionLoop({ pool, policy });
 * for (const snapshot of snapshots) order(loop.decide(snapshot).targetWorkers);
 */
export function createDecisionLoop(options: DecisionLoopOptions): DecisionLoop {
  const { pool, policy, decisionPeriodSec = 60, paths = 64 } = options;
  const horizonSec = decisionHorizonSec({ startupDelaySec: pool.startupDelaySec, decisionPeriodSec });
  const lead = createLeadForecaster({ leadSec: horizonSec });
  const days = createLongDemand(policy.forecast);
  const service = createServiceEstimate();
  const recent = createRecentLoad();
  const spending = createSpending(pool.workerCostPerHour);
  let changes: PastChange[] = [];
  let forecast: Forecast | undefined;
  const learn: DecisionLoop['learn'] = (observation) => {
    observeLead(lead, observation);
    days.observe(observation);
  };

  return {
    learn,
    learnTrace: ({ name, startMs, intervalSec, ratesPerSec }) => {
      const random = createRandomStream(name).fork('history');
      const parts = Math.max(1, Math.round(intervalSec / minuteSec));
      const partSec = intervalSec / parts;
      for (const [i, rate] of ratesPerSec.entries()) {
        for (let part = 1; part <= parts; part++) {
          const timeMs = startMs + (i * intervalSec + part * partSec) * 1000;
          const seen = parts === 1 ? rate : countedRate({ ratePerSec: rate, sec: partSec, normal: random.normal() });
          learn({ timeMs, arrivalRatePerSec: Number.isNaN(rate) ? null : seen, intervalSec: partSec });
        }
      }
    },
    forecast: () => forecast,
    decide: (snapshot) => {
      const nowMs = Date.parse(snapshot.timestamp);
      if (!isUnderWay(changes.at(-1), snapshot)) changes.pop();
      const { interval_s: intervalSec } = snapshot;
      const isBelieved = snapshot.quality.trusted && contradictionOf(snapshot) === undefined;
      const arrivalRatePerSec = isBelieved ? snapshot.arrival_rate : null;
      learn({ timeMs: nowMs, arrivalRatePerSec, intervalSec });
      observeService(service, snapshot);
      observeRecentLoad(recent, snapshot);
      spending.add(nowMs, snapshot);
      forecast = forecastOf({ lead, days, poolId: pool.id, nowMs, horizonSec, paths });
      const decision = decide({
        nowMs,
        pool,
        policy,
        snapshot,
        ...(forecast && { forecast }),
        service,
        recent,
        history: { changes, ...spending.totals() },
        decisionPeriodSec,
      });
      if (decision.targetWorkers !== decision.currentWorkers) {
        changes = changes.filter((change) => change.timeMs > nowMs - remembersMs);
        changes.push({ timeMs: nowMs, fromWorkers: decision.currentWorkers, toWorkers: decision.targetWorkers });
      }
      return decision;
    },
  };
}

const minuteSec = 60;

/**
 * What counting jobs over a short time would have shown of a mean rate: whole jobs, as many more or less as chance
 * brings. A long interval's mean hides that, and a forecaster that never saw it would trust every wiggle.
 */
function countedRate({ ratePerSec, sec, normal }: { ratePerSec: number; sec: number; normal: number }): number {
  const jobs = ratePerSec * sec;
  return Math.max(0, Math.round(jobs + Math.sqrt(jobs) * normal)) / sec;
}

/**
 * Whether the workers have moved as the last change asked. In a shadow test nobody carries decisions out: a change that
 * never happened must not start a cooldown.
 */
function isUnderWay(last: PastChange | undefined, { current_workers, starting_workers }: Snapshot): boolean {
  if (last === undefined) return true;
  const asked = Math.sign(last.toWorkers - last.fromWorkers);
  // Some sources count starting workers among the current ones.
  return [current_workers, current_workers + starting_workers].some(
    (workers) => Math.sign(workers - last.fromWorkers) === asked,
  );
}

function forecastOf({
  lead,
  days,
  poolId,
  nowMs,
  horizonSec,
  paths,
}: {
  lead: LeadState;
  days: LongDemand;
  poolId: string;
  nowMs: number;
  horizonSec: number;
  paths: number;
}): Forecast | undefined {
  // Sampled futures begin where the newest closed step of the lead forecaster ends, which may be a little ago.
  const madeMs = lead.openStep * lead.baseStepSec * 1000;
  const steps = Math.ceil((horizonSec + Math.max(0, nowMs - madeMs) / 1000) / pathStepSec);
  const sampled = leadPaths(lead, { stepSec: pathStepSec, steps, paths });
  if (!sampled) return undefined;
  return {
    ...days.forecastFrom(madeMs),
    pool: poolId,
    made_at: timestamp(madeMs),
    paths: { step_s: sampled.stepSec, rates_per_s: sampled.ratesPerSec },
  };
}

/** Money that workers have cost since the clock hour and the calendar month began (UTC). */
function createSpending(workerCostPerHour: number) {
  let [hour, month] = ['', ''];
  let [spentThisHour, spentThisMonth] = [0, 0];
  return {
    add(nowMs: number, { current_workers, starting_workers, interval_s }: Snapshot): void {
      const at = timestamp(nowMs);
      if (at.slice(0, 13) !== hour) [hour, spentThisHour] = [at.slice(0, 13), 0];
      if (at.slice(0, 7) !== month) [month, spentThisMonth] = [at.slice(0, 7), 0];
      const cost = ((current_workers + starting_workers) * workerCostPerHour * interval_s) / 3600;
      spentThisHour += cost;
      spentThisMonth += cost;
    },
    totals: () => ({ spentThisHour, spentThisMonth }),
  };
}
