import { readScenario } from '@capplan/simulation';
import { expect } from 'chai';
import type { TrialQuestion } from '../ports.ts';
import { trialScenario } from './trial-scenario.ts';

const question = {
  pool: { id: 'shop/mail', concurrency: 2, startup_delay: '30s', worker_cost_per_hour: 0.4, service_time_hint: '2s' },
  policy: { slo: { p95_latency: '5s' }, cost: { violation_cost_per_minute: 0.5 } },
  snapshot: {
    timestamp: '2026-01-05T09:00:00.000Z',
    current_workers: 4,
    starting_workers: 1,
    backlog: 7,
    arrival_rate: 3,
    service_time_mean_s: 1.5,
    service_time_scv: 0.8,
  },
  forecast: undefined,
  candidates: [],
} as unknown as TrialQuestion;
const forecast = {
  made_at: '2026-01-05T09:00:00.000Z',
  step_s: 300,
  mean: [10, 20],
  anomaly: null,
  paths: {
    step_s: 60,
    rates_per_s: [
      [4, 6],
      [6, 8],
    ],
  },
};

describe('trialScenario', () => {
  it('is a scenario that the simulator takes, with a forecast and without, with a backlog and without', () => {
    for (const more of [{}, { forecast }, { snapshot: { ...question.snapshot, backlog: 0, service_time_mean_s: 0 } }]) {
      const read = readScenario(trialScenario({ ...question, ...more } as TrialQuestion, { workers: 9 }));
      expect(read.ok ? [] : read.problems).to.deep.equal([]);
    }
  });

  it('begins with all workers ordered, and changes them at once', () => {
    expect(trialScenario(question, { workers: 9 }).capacity).to.deep.equal({
      schedule: [
        { at: 0, workers: 5 },
        { at: 1, workers: 9 },
      ],
    });
  });

  it('takes demand from the sampled futures first, and from the forecast beyond them', () => {
    const { traffic } = trialScenario({ ...question, forecast } as unknown as TrialQuestion, { workers: 9 });
    const [{ points }] = (traffic as { patterns: [{ points: { at: number; rate: number }[] }] }).patterns;
    const at = (sec: number) => points.find((point) => point.at === sec)?.rate;
    expect([at(0), at(60), at(120), at(300)]).to.deep.equal([5, 7, 10, 20]);
  });
});
