import { durationSec } from '@capplan/contracts';
import { expect } from 'chai';
import { decide } from './decide.ts';
import { changeAgo, forecastOf, inputOf, nowMs, policyOf, snapshotOf } from './input-for-tests.ts';

// More is needed than is there: 46 one-slot workers, 20 jobs of 4 s a second to come.
const rush = inputOf({ forecast: forecastOf(20) });
const quiet = inputOf({ snapshot: snapshotOf({ current_workers: 80, slots: 80, utilization: 0.5 }) });
const by = (workers: number) => ({ workers, rule: 'operator', detail: `ada asked for ${workers} workers` });

describe('a count that is named in the place of the one decided on', () => {
  for (const [says, input] of [
    ['a rush', rush],
    ['a quiet pool', quiet],
  ] as const) {
    it(`has the figures of that count, in ${says}`, () => {
      const own = decide(input);
      const same = decide(input, by(own.targetWorkers));
      for (const figure of [
        'violationProbability',
        'confidence',
        'projectedUtilization',
        'projectedBacklog',
        'maxBacklog',
        'responseSecP95',
        'costImpact',
        'largeChange',
        'steps',
      ] as const) {
        expect(same[figure], figure).to.deep.equal(own[figure]);
      }
    });

    it(`misses no more and costs no less the more workers are named, in ${says}`, () => {
      const answers = [10, 30, 60, 90, 120].map((workers) => decide(input, by(workers)));
      for (const [i, answer] of answers.entries()) {
        const { targetWorkers, violationProbability, costImpact, projectedUtilization, confidence } = answer;
        expect(costImpact.cost_per_hour_after).to.equal(targetWorkers);
        const hours = durationSec(costImpact.horizon) / 3600;
        expect(costImpact.additional_cost).to.be.closeTo((targetWorkers - answer.currentWorkers) * hours, 1e-3);
        const fewer = answers[i - 1];
        if (!fewer) continue;
        expect(violationProbability).to.be.at.most(fewer.violationProbability + 1e-9);
        expect(confidence).to.be.at.least(fewer.confidence - 1e-9);
        expect(projectedUtilization).to.be.at.most(fewer.projectedUtilization);
      }
      expect(answers[0]?.violationProbability).to.be.greaterThan(0.9);
      expect(answers[4]?.violationProbability).to.be.lessThan(0.7);
    });
  }

  it('is what every line, sentence and alternative is about', () => {
    const own = decide(rush);
    const answer = decide(rush, by(50));
    expect(answer).to.include({ targetWorkers: 50, floorWorkers: 50, hold: undefined });
    expect(answer.explanation.at(-1)).to.deep.equal({
      rule: 'operator',
      before: own.targetWorkers,
      after: 50,
      detail: 'ada asked for 50 workers',
    });
    expect(answer.rationale).to.match(/^ada asked for 50 workers\. Scale up from 46 to 50 workers\./);
    expect(answer.alternatives.map(({ workers }) => workers)).to.not.include(50);
    const cheapest = answer.alternatives.filter(({ rejected_because: why }) => why.startsWith('cheapest, but ada'));
    expect(cheapest).to.have.length(1);
    expect(decide(rush, by(46)).rationale).to.not.contain('the cheapest count that is safe');
  });

  it('tells why it is held there, when something holds it', () => {
    const held = decide(rush, { workers: 46, rule: 'backing_off', detail: 'it failed twice', hold: 'backing_off' });
    expect(held.hold).to.equal('backing_off');
    expect(held.steps.filter(({ timestamp }) => Date.parse(timestamp) <= nowMs)).to.deep.equal([]);
    expect(held.rationale)
      .to.contain('Stay at 46 workers although')
      .and.contain('Held by backing off: it failed twice.');
    expect(held.violationProbability).to.equal(decide(rush, by(46)).violationProbability);
  });

  it('needs as many people as the change that it makes', () => {
    const policy = policyOf({ approval: { large_change_workers: 20 } });
    const [few, many] = [decide({ ...rush, policy }, by(65)), decide({ ...rush, policy }, by(66))];
    expect([few.largeChange, many.largeChange]).to.deep.equal([false, true]);
  });

  it('is named beyond any cooldown or hysteresis, which bind the planner only', () => {
    const history = { changes: [changeAgo(5, 40, 46)] };
    expect(decide({ ...quiet, history }, by(20)).targetWorkers).to.equal(20);
  });
});
