import { createSketch } from '@capplan/sketch';
import { expect } from 'chai';
import { readScenario } from './read-scenario.ts';

const small = {
  horizon: '1h',
  traffic: { pattern: 'constant', rate: 10 },
  service: { distribution: 'exponential', mean: '1s' },
  capacity: { workers: 14 },
};

function problemsOf(input: unknown): Record<string, string> {
  const read = readScenario(input);
  return read.ok ? {} : Object.fromEntries(read.problems.map(({ field, message }) => [field, message]));
}

describe('readScenario', () => {
  it('fills in what may be left out', () => {
    const read = readScenario(small);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    expect(read.scenario).to.deep.include({ horizonSec: 3600, intervalSec: 15, warmupSec: 0, name: 'scenario' });
    expect(read.scenario.replications).to.deep.equal({ min: 20, max: 20, relativeError: 0 });
    expect(read.scenario.pools[0]).to.deep.include({
      concurrency: 1,
      startup: { kind: 'deterministic', meanSec: 0 },
      capacity: { kind: 'plan', steps: [{ atSec: 0, workers: 14 }] },
    });
  });

  it('takes one line of text as a name', () => {
    for (const name of ['a\u0000b', 'two\nlines', '', 'x'.repeat(201)]) {
      expect(problemsOf({ ...small, name }), JSON.stringify(name)).to.have.property('name');
    }
  });

  it('says what is wrong a hundred times at most', () => {
    const service = { distribution: 'measured', samples_s: Array(10_000).fill('x') };
    const read = readScenario({ ...small, service });
    expect(read.ok).to.equal(false);
    if (!read.ok) expect(read.problems).to.have.length(100);
  });

  it('names every field that is off, in one go', () => {
    const problems = problemsOf({
      ...small,
      horizon: '8d',
      traffic: { pattern: 'spiky', base: -1, spikes: [{ at: '1m', duration: '1m', peak: Number.POSITIVE_INFINITY }] },
      service: { distribution: 'gamma', mean: 'soon' },
      capacity: { workers: 3, schedule: [] },
      trafic: 1,
    });
    expect(problems).to.have.all.keys(
      'horizon',
      'traffic.base',
      'traffic.spikes[0].peak',
      'service.mean',
      'service.scv',
      'capacity',
      'trafic',
    );
    expect(problems['traffic.base']).to.equal('must be a number from 0 to 1000000, not -1');
    expect(problems.trafic).to.match(/is not known here; known: .*traffic/);
  });

  it('refuses what cannot be: empty histories, times out of order, negative rates of a sinus', () => {
    const traffic = (pattern: object) => problemsOf({ ...small, traffic: pattern });
    expect(traffic({ pattern: 'recorded', counts: [], step: '1m' })).to.have.property('traffic.counts');
    expect(traffic({ pattern: 'sinusoidal', mean: 5, amplitude: 6, period: '1h' })).to.have.property(
      'traffic.amplitude',
    );
    const points = [
      { at: 0, rate: 1 },
      { at: 0, rate: 2 },
    ];
    expect(traffic({ pattern: 'custom', points })).to.have.property('traffic.points[1].at');
    const schedule = [{ at: '5m', workers: 1 }];
    expect(problemsOf({ ...small, capacity: { schedule } })).to.have.property('capacity.schedule[0].at');
    expect(problemsOf({ ...small, interval: '7m' })).to.have.property('interval');
  });

  it('refuses a billion jobs with an estimate of their cost', () => {
    const read = readScenario({ ...small, horizon: '7d', traffic: { pattern: 'constant', rate: 5000 } });
    expect(read).to.include({ ok: false, reason: 'too_large' });
    if (!read.ok)
      expect(read.problems[0]!.message).to.match(/3\.0e\+9 jobs in each of 1 replications, some \d+ minutes/);
  });

  it('reads service times measured as samples, quantiles or a sketch', () => {
    const sketch = createSketch();
    for (const value of [1, 2, 3, 4]) sketch.add(value);
    for (const measured of [{ samples_s: [1, 2, 3, 4] }, { quantiles_s: [1, 2, 3, 4] }, { sketch: sketch.toWire() }]) {
      const read = readScenario({ ...small, service: { distribution: 'measured', ...measured } });
      expect(read.ok, JSON.stringify(read)).to.equal(true);
    }
    const both = { distribution: 'measured', samples_s: [1], quantiles_s: [1, 2] };
    expect(problemsOf({ ...small, service: both })).to.have.property('service');
    expect(problemsOf({ ...small, service: { distribution: 'measured', sketch: {} } })).to.have.property(
      'service.sketch',
    );
  });

  it('takes anything at all without falling over', () => {
    for (const input of [
      null,
      3,
      'x',
      [],
      { pools: [null] },
      { traffic: [] },
      { failures: 3, cost: 'x', budget: [] },
    ]) {
      expect(readScenario(input)).to.include({ ok: false, reason: 'invalid_scenario' });
    }
  });
});
