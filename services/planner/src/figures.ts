import type { Metrics } from '@capplan/runtime';

/** How many of the newest plan generations the quantiles are taken from. */
const keptMax = 1000;
const percentiles = ['50', '95', '99'] as const;

/** The planner's figures, under the names that the alert rules know. */
export interface Figures {
  planned(sec: number): void;
  told(event: string): void;
  objective(pool: string, shareWithin: number): void;
  anomaly: (pool: string, kind: string) => void;
  /** Works the quantiles out afresh; not on the way of a plan. */
  refresh(): void;
}

export function createFigures(metrics: Metrics): Figures {
  const generation = metrics.histogram(
    'capacity_planner_plan_generation_seconds',
    'From a snapshot to its plan, written',
  );
  const quantiles = metrics.gauge(
    'capacity_planner_plan_generation_duration_seconds',
    'Quantiles of the newest plan generations',
    ['percentile'],
  );
  const achievement = metrics.gauge(
    'capacity_planner_slo_achievement_rate',
    'Share of the last hour in which a pool kept its objective',
    ['pool'],
  );
  const anomalies = metrics.counter('capacity_planner_anomalies_detected_total', 'Anomalies that forecasts came with', [
    'pool',
    'kind',
  ]);
  const events = metrics.counter('capacity_planner_plan_events_total', 'Plan changes told', ['event']);
  let newest: number[] = [];
  return {
    planned(sec) {
      generation.observe(sec);
      newest.push(sec);
      if (newest.length > 2 * keptMax) newest = newest.slice(-keptMax);
    },
    told: (event) => events.add({ event }),
    objective: (pool, shareWithin) => achievement.set(shareWithin, { pool }),
    anomaly: (pool, kind) => anomalies.add({ pool, kind }),
    refresh() {
      const sorted = newest.slice(-keptMax).sort((a, b) => a - b);
      if (sorted.length === 0) return;
      for (const percentile of percentiles) {
        const rank = Math.ceil((Number(percentile) / 100) * sorted.length) - 1;
        quantiles.set(sorted[Math.max(0, rank)] as number, { percentile });
      }
    },
  };
}
