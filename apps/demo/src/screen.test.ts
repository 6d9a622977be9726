import { expect } from 'chai';
import { renderScreen, type ScreenState } from './screen.ts';

const state: ScreenState = {
  title: 'Capacity Planner',
  apiUrl: 'http://127.0.0.1:8080',
  notice: undefined,
  nowMs: Date.UTC(2026, 0, 5, 9),
  startedMs: Date.UTC(2026, 0, 5, 6),
  speed: 144,
  targetSec: 150,
  moments: Array.from({ length: 300 }, (_, i) => ({
    timeMs: i * 1000,
    arrivalRate: i / 100,
    forecastRate: i < 10 ? null : i / 100,
    workers: 4,
    required: 5,
    backlog: 0,
    responseP95Sec: i === 299 ? 200 : 90,
  })),
  figures: {
    slo_attainment: 0.97,
    p95_response_s: 90,
    max_backlog: 3,
    worker_hours: 12,
    cost: 5,
    forecast_wape: 0.1,
    plans_proposed: 2,
    plans_carried_out: 1,
  },
  jobsSubmitted: 10,
  jobsCompleted: 9,
  reactiveCost: 6,
  currency: 'USD',
  lastPlan: undefined,
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are control characters
const plain = (line: string) => line.replace(/\u001b\[\d+m/g, '');

describe('renderScreen', () => {
  for (const columns of [40, 80, 200]) {
    it(`keeps its charts inside a terminal of ${columns} columns`, () => {
      const charts = renderScreen(state, columns)
        .map(plain)
        .filter((line) => /[▁-█]/.test(line));
      expect(charts).to.have.length(6);
      for (const line of charts) expect(line.length).to.be.at.most(Math.max(60, Math.min(columns, 140)));
    });
  }

  it('shows the newest figures and says when the objective is missed', () => {
    const text = renderScreen(state, 100).join('\n');
    expect(plain(text)).to.contain('2.99').and.to.contain('200 s').and.to.contain('97.0 %').and.to.contain('6.00 USD');
  });

  it('has something to show before anything was measured', () => {
    const lines = renderScreen({ ...state, moments: [], reactiveCost: null }, 80).map(plain);
    expect(lines.join('\n')).to.contain('none yet').and.to.contain('–');
  });
});
