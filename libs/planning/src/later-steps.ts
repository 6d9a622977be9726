import { durationText, type Step, timestamp } from '@capplan/contracts';
import type { DecisionInput } from './decision-input.ts';
import { executableTarget } from './executable-target.ts';
import { limitsAt } from './schedule-window.ts';
import type { Settings } from './settings.ts';

const everySec = 300;
const stepsMax = 12;
const aheadSec = 3 * 3600;

/**
 * Changes foreseen after the one of now, from the long forecast: what a reader may expect and an approver can judge.
 *
 * Demand is turned into workers with the ratio of workers to expected load that this decision settled on, so the
 * outlook keeps its margin; the limits of each moment hold. A change is listed when it moves the count by a tenth, and
 * no two stand closer than the longer cooldown. None of them is carried out unseen: each is decided afresh in its time.
 */
export function laterSteps(options: {
  input: DecisionInput;
  settings: Settings;
  targetWorkers: number;
  workersPerRate: number;
  confidence: number;
}): Step[] {
  const { input, settings, targetWorkers, workersPerRate, confidence } = options;
  const { requirement, pool, nowMs } = input;
  // A forecast that has not earned trust knows of nothing ahead, which is not the same as knowing that nothing comes.
  const forecast = input.forecast?.trust.state === 'learning' ? undefined : input.forecast;
  const steps: Step[] = [];
  if (forecast === undefined && requirement === undefined) return steps;
  const apartSec = Math.max(everySec, settings.upCooldownSec, settings.downCooldownSec);
  let workers = targetWorkers;
  let lastMs = nowMs;
  for (let sec = everySec; sec <= aheadSec && steps.length < stepsMax; sec += everySec) {
    const atMs = nowMs + sec * 1000;
    if (atMs - lastMs < apartSec * 1000) continue;
    const neededAtMs = atMs + pool.startupDelaySec * 1000;
    const required = seriesAt(requirement?.workers, requirement?.made_at, requirement?.step_s, neededAtMs);
    const rate = seriesAt(forecast?.mean, forecast?.made_at, forecast?.step_s, neededAtMs);
    const load = rate === undefined ? required : Math.max(Math.ceil(rate * workersPerRate - 1e-9), 0);
    if (load === undefined) break;
    const limits = limitsAt(input.policy.scaling.schedules ?? [], settings, atMs);
    const floor = settings.scaleToZero ? limits.minWorkers : Math.max(1, limits.minWorkers);
    const bounded = Math.min(limits.maxWorkers, Math.max(Math.min(floor, limits.maxWorkers), load));
    const step = settings.maxStep ?? Math.max(15, workers);
    const next = executableTarget(workers, Math.min(workers + step, Math.max(workers - step, bounded)), {
      policy: input.policy,
      limits: { ...limits, minWorkers: Math.min(floor, limits.maxWorkers) },
      workerCostPerHour: pool.workerCostPerHour,
      caps: input.caps,
    });
    const moved = Math.abs(next - workers);
    const mustMove = workers < floor || workers > limits.maxWorkers;
    if (limits.frozen || moved === 0 || (moved < Math.max(1, 0.1 * workers) && !mustMove)) continue;
    steps.push({
      timestamp: timestamp(atMs),
      action: next > workers ? 'scale_up' : 'scale_down',
      from_workers: workers,
      to_workers: next,
      reason: rate === undefined ? 'requirement ahead' : `demand of ${Math.round(rate * 100) / 100} jobs/s foreseen`,
      confidence,
      estimated_duration: durationText(next > workers ? pool.startupDelaySec : 0),
    });
    workers = next;
    lastMs = atMs;
  }
  return steps;
}

function seriesAt(
  values: readonly number[] | undefined,
  madeAt: string | undefined,
  stepSec: number | undefined,
  atMs: number,
): number | undefined {
  if (values === undefined || madeAt === undefined || stepSec === undefined) return undefined;
  return values[Math.floor((atMs - Date.parse(madeAt)) / 1000 / stepSec)];
}
