import { CapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import { canonicalText, checkTask, figuresOf, parseScenario } from './decide.ts';

const scenario = {
  horizon: '1h',
  traffic: { pattern: 'constant', rate: 5 },
  service: { distribution: 'exponential', mean: '1s' },
  capacity: { workers: 8 },
};
const refusal = (work: () => unknown): CapacityError => {
  try {
    work();
  } catch (error) {
    if (error instanceof CapacityError) return error;
  }
  throw new Error('was not refused');
};

describe('checkTask', () => {
  it('names every field that is off, with the scenario it stands in', () => {
    const wrong = { ...scenario, traffic: { pattern: 'constant', rate: -1 }, horizn: 3 };
    const error = refusal(() => checkTask({ kind: 'compare', scenarios: [scenario, wrong] }));
    expect(error.code).to.equal('invalid_input');
    expect(String(error.detail)).to.contain('scenarios[1].traffic.rate').and.to.contain('scenarios[1].horizn');
  });

  it('takes 2 to 10 scenarios to compare', () => {
    expect(refusal(() => checkTask({ kind: 'compare', scenarios: [scenario] })).message).to.contain('2 to 10');
    expect(refusal(() => checkTask({ kind: 'compare', scenarios: Array(11).fill(scenario) })).message).to.contain('11');
  });

  it('refuses a thousand million jobs as too large', () => {
    const huge = {
      ...scenario,
      horizon: '7d',
      traffic: { pattern: 'constant', rate: 100_000 },
      capacity: { workers: 100 },
    };
    expect(refusal(() => checkTask({ kind: 'simulate', scenario: huge }))).to.include({ code: 'too_large' });
  });
});

describe('canonicalText', () => {
  it('is the same whatever the order of the fields, and another for other values', () => {
    expect(canonicalText({ a: 1, b: { c: 2, d: [1, { x: 1, y: 2 }] } })).to.equal(
      canonicalText({ b: { d: [1, { y: 2, x: 1 }], c: 2 }, a: 1 }),
    );
    expect(canonicalText({ a: [1, 2] })).to.not.equal(canonicalText({ a: [2, 1] }));
  });
});

describe('parseScenario', () => {
  it('refuses what nobody could hand on, with the field', () => {
    for (const text of ['{', '{"name":"\\ud800"}', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`]) {
      const error = refusal(() => parseScenario(text, 'scenario_json'));
      expect(error.code).to.equal('invalid_input');
      expect(error.message).to.match(/^scenario_json: /);
    }
  });

  it('says which field is not JSON', () => {
    expect(refusal(() => parseScenario('{', 'scenario_json')).message).to.match(/^scenario_json: not JSON/);
  });
});

describe('figuresOf', () => {
  it('takes the worst pool for the objective and adds up money and hours', () => {
    const pool = (slo: number, hours: number) => ({
      summary: {
        slo_attainment_jobs: { mean: slo },
        worker_hours: { mean: hours },
        cost_total: { mean: hours * 2 },
        backlog_max: { mean: 3 },
        response_sec_p95: { mean: 1 },
      },
    });
    const figures = figuresOf({ jobs_simulated: 100, replications: 2, pools: [pool(0.99, 1), pool(0.9, 2)] });
    expect(figures).to.deep.equal({
      slo_attainment: 0.9,
      max_backlog: 3,
      p95_response_s: 1,
      worker_hours: 3,
      cost: 6,
      jobs: 50,
    });
  });
});
