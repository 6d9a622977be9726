import { durationSec, pathsBeginMs, startupDelaySec } from '@capplan/contracts';
import type { TrialQuestion } from '../ports.ts';

const leastSec = 600;
const mostSec = 3600;
/** Enough for a decision that has to be made now, whatever the pool's size. */
const jobsWanted = 200_000;

/**
 * What the simulator is asked about one candidate: the pool as it is, its backlog first in line, demand as forecast, and
 * the worker count changed now. All candidates of a question differ in that count alone, so that they meet the same jobs.
 */
export function trialScenario(question: TrialQuestion, candidate: { workers: number }): Record<string, unknown> {
  const { pool, policy, snapshot, forecast } = question;
  const startupSec = startupDelaySec(pool);
  const horizonSec = Math.round(Math.min(mostSec, Math.max(leastSec, 4 * startupSec)));
  const current = snapshot.current_workers + snapshot.starting_workers;
  const meanSec =
    snapshot.service_time_mean_s > 0 ? snapshot.service_time_mean_s : durationSec(pool.service_time_hint ?? '1s');
  const rates = expectedRates(question, horizonSec);
  const jobs = rates.reduce((sum, { rate }) => sum + rate, 0) * (horizonSec / rates.length) + snapshot.backlog;
  return {
    name: `${candidate.workers} workers`,
    seed: snapshot.timestamp,
    horizon: horizonSec,
    interval: Math.max(1, Math.min(60, horizonSec / 20)),
    warmup: 0,
    replications: Math.max(2, Math.min(8, Math.round(jobsWanted / Math.max(1, jobs)))),
    traffic: {
      patterns: [
        { pattern: 'custom', shape: 'step', points: rates },
        ...(snapshot.backlog > 0
          ? [{ pattern: 'spiky', base: 0, spikes: [{ at: 0, duration: 1, peak: snapshot.backlog, shape: 'instant' }] }]
          : []),
      ],
      ...(forecast?.anomaly?.kind === 'spike' && {
        process: { kind: 'bursty', burst_factor: 2, burst_mean: 20, quiet_mean: 60 },
      }),
    },
    service: { distribution: 'lognormal', mean: meanSec, scv: Math.max(0.01, snapshot.service_time_scv || 1) },
    concurrency: pool.concurrency,
    startup: startupSec,
    capacity: {
      schedule:
        candidate.workers === current
          ? [{ at: 0, workers: current }]
          : [
              { at: 0, workers: current },
              { at: 1, workers: candidate.workers },
            ],
    },
    objective: {
      latency: durationSec(policy.slo.p95_latency),
      latency_of: policy.slo.latency_of ?? 'response',
      percentile: 0.95,
    },
    cost: {
      per_worker_hour: pool.worker_cost_per_hour,
      per_violation_minute: policy.cost.violation_cost_per_minute ?? 0,
    },
  };
}

/** Demand over the horizon: the mean of the sampled paths where there are some, then the forecast, then the present. */
function expectedRates({ snapshot, forecast }: TrialQuestion, horizonSec: number): { at: number; rate: number }[] {
  const present = [{ at: 0, rate: snapshot.arrival_rate }];
  if (!forecast) return present;
  const { paths, mean, step_s: stepSec } = forecast;
  const lateSec = Math.max(0, (Date.parse(snapshot.timestamp) - Date.parse(forecast.made_at)) / 1000);
  const pathsLateSec = Math.max(0, (Date.parse(snapshot.timestamp) - pathsBeginMs(forecast)) / 1000);
  const points: { at: number; rate: number }[] = [];
  const everySec = Math.max(30, horizonSec / 60);
  for (let at = 0; at < horizonSec; at += everySec) {
    const aheadSec = at + lateSec;
    const step = paths ? Math.floor((at + pathsLateSec) / paths.step_s) : -1;
    const sampled =
      paths && step < (paths.rates_per_s[0]?.length ?? 0)
        ? meanOf(paths.rates_per_s.map((path) => path[step] ?? 0))
        : undefined;
    const rate = sampled ?? mean[Math.min(mean.length - 1, Math.floor(aheadSec / stepSec))];
    if (rate !== undefined) points.push({ at: Math.round(at), rate });
  }
  return points.length > 0 ? points : present;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
