import { expect } from 'chai';
import { renderScreen, type ScreenState } from './screen.ts';

const verdict = {
  attainment: 0.97,
  minutes: 180,
  minutesMissed: 4,
  jobs: 100,
  jobsLate: 3,
  workerHours: 12,
  cost: 5,
};

const state: ScreenState = {
  title: 'Capacity Planner',
  apiUrl: 'http://127.0.0.1:8080',
  notice: undefined,
  historyDays: 21,
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
  board: {
    workerSec: 43_200,
    windows: 96,
    windowsMeasured: 96,
    windowsTrusted: 96,
    maxBacklog: 3,
    forecastWape: 0.1,
    plansProposed: 2,
    plansCarriedOut: 1,
  },
  verdict,
  marks: [],
  jobsSubmitted: 10,
  jobsCompleted: 9,
  reactive: { ...verdict, cost: 6 },
  currency: 'USD',
  lastPlan: undefined,
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are control characters
const plain = (line: string) => line.replace(/\u001b\[\d+m/g, '');

describe('renderScreen', () => {
  const plan = {
    target_workers: 9,
    current_workers: 4,
    status: 'completed',
    created_at: '2026-01-05T08:59:30.000Z',
    rationale: 'Demand is expected to rise within the next start-up delay, so that more workers are needed. '.repeat(8),
  } as ScreenState['lastPlan'];
  const full = {
    ...state,
    title: `Capacity Planner, replaying ${'a trace with a rather long name '.repeat(3)}`,
    notice: 'In-memory servers (nats-server not found): records and messages do not survive a restart.',
    marks: ['3 of 96 windows were not measured: worker-hours, cost and the most jobs waiting are lower bounds'],
    lastPlan: plan,
  };
  for (const columns of [30, 60, 80, 200]) {
    it(`never fills more than the ${columns} columns of its terminal`, () => {
      const lines = renderScreen(full, columns).map(plain);
      expect(lines.filter((line) => /[▁-█]/.test(line))).to.have.length(6);
      for (const line of lines) expect(line.length, line).to.be.at.most(columns);
    });
  }

  for (const columns of [60, 80]) {
    it(`cuts none of its figures and sentences off at ${columns} columns`, () => {
      const [, ...lines] = renderScreen(full, columns).map(plain);
      expect(lines.filter((line) => line.endsWith('…'))).to.deep.equal([]);
      expect(lines.join(' ').replaceAll(/\s+/g, ' ')).to.contain(full.marks[0]).and.to.contain(full.notice);
    });
  }

  it('says of figures with gaps that they are lower bounds', () => {
    const board = { ...state.board, windowsMeasured: 93 };
    expect(
      renderScreen({ ...full, board }, 80)
        .map(plain)
        .join('\n'),
    ).to.contain('at least 5.00 USD, at least 12.0 worker-hours');
  });

  it('shows the newest figures and says when the objective is missed', () => {
    const text = renderScreen(state, 100).join('\n');
    expect(plain(text)).to.contain('2.99').and.to.contain('200 s').and.to.contain('97.0 %').and.to.contain('6.00 USD');
  });

  it('has something to show before anything was measured', () => {
    const lines = renderScreen({ ...state, moments: [], reactive: null }, 80).map(plain);
    expect(lines.join('\n')).to.contain('none yet').and.to.contain('–');
  });
});
