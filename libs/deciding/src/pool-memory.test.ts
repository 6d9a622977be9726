import { expect } from 'chai';
import { costPerHourOf, createPoolMemory, decisionInput, observeSnapshot } from './pool-memory.ts';
import { sampleSnapshot, startMs } from './samples-for-tests.ts';

const at = (minute: number, changes = {}) => sampleSnapshot(startMs + minute * 60_000, changes);
const pool = { id: 'shop/mail', concurrency: 2, startupDelaySec: 60, workerCostPerHour: 0.5, tags: [] };
const policy = {
  id: 'p1',
  name: 'one',
  enabled: true,
  mode: 'auto' as const,
  slo: { p95_latency: '8s' },
  scaling: { min_workers: 0, max_workers: 100 },
  forecast: {},
  cost: {},
  tags: [],
  updated_at: new Date(startMs).toISOString(),
};

describe('what is remembered between two decisions', () => {
  for (const [says, minutes, taken, spent] of [
    ['the first', [1], 'true', 0.25],
    ['a newer one', [1, 2], 'true, true', 0.5],
    ['the same again', [1, 1], 'true, false', 0.25],
    ['an older one', [2, 1], 'true, false', 0.25],
    ['the first of another hour', [60, 61], 'true, true', 0.25],
  ] as const) {
    it(`takes in ${says}: ${taken}`, () => {
      const memory = createPoolMemory(startMs);
      const news = minutes.map((minute) => observeSnapshot(memory, at(minute), pool.workerCostPerHour));
      expect(news.join(', ')).to.equal(taken);
      expect(memory.service.meanSec).to.equal(2);
      expect(memory.recent.slices).to.have.length(news.filter(Boolean).length);
      expect(memory.spending.hour.spent).to.be.closeTo(spent, 1e-9);
    });
  }

  for (const [says, seconds, looks] of [
    ['every 15 s', [60, 75, 90, 105, 120, 135], 'first, -, -, -, first, -'],
    ['every 15 s, late by chance', [60, 75, 90, 105, 119.9, 135.1], 'first, -, -, -, -, first'],
    ['with one missing at the full minute', [60, 75, 90, 105, 135, 150], 'first, -, -, -, first, -'],
    ['every 60 s at half past', [90, 150, 210], 'first, first, first'],
    ['every 45 s', [45, 90, 135, 180, 225], 'first, first, first, first, -'],
  ] as const) {
    it(`takes one look of each minute as its first: ${says}`, () => {
      const memory = createPoolMemory(startMs);
      const found = seconds.map((sec) => {
        observeSnapshot(memory, at(sec / 60, { interval_s: 15 }), pool.workerCostPerHour);
        return memory.isFirstLook ? 'first' : '-';
      });
      expect(found.join(', ')).to.equal(looks);
    });
  }

  it('counts workers that start among those that cost, unless the source says what it costs', () => {
    expect(costPerHourOf(at(0, { starting_workers: 4 }), 0.5)).to.equal(17);
    expect(costPerHourOf(at(0, { starting_workers: 4, cost_per_hour: 3 }), 0.5)).to.equal(3);
  });

  it('says what was spent only where it knows all of it', () => {
    const facts = {
      nowMs: startMs + 63_000,
      pool,
      policy,
      snapshot: at(1),
      forecast: undefined,
      requirement: undefined,
    };
    const none = { ...facts, changes: [], caps: undefined };
    for (const isSpendingKnown of [true, false]) {
      const memory = createPoolMemory(startMs, { isSpendingKnown });
      observeSnapshot(memory, at(1), 0.5);
      const { history, dataAgeSec, service } = decisionInput(memory, none);
      expect('spentThisHour' in history).to.equal(isSpendingKnown);
      expect(dataAgeSec).to.equal(3);
      expect(service).to.equal(memory.service);
    }
  });
});
