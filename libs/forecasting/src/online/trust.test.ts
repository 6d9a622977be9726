import { expect } from 'chai';
import { nextTrust, type Trust, type TrustEvidence, untrained } from './trust.ts';

const good: TrustEvidence = {
  learnedDays: 10,
  judgedDays: 5,
  relativeError: 0.7,
  coverage: 0.95,
  levelShift: false,
  stepsPerHour: 4,
};

function after(trust: Trust, steps: number, evidence: Partial<TrustEvidence> = {}): Trust {
  let now = trust;
  for (let i = 0; i < steps; i++) now = nextTrust(now, { ...good, ...evidence });
  return now;
}

describe('nextTrust', () => {
  it('learns until days were seen and forecasts judged', () => {
    expect(after(untrained, 1000, { learnedDays: 2.9 }).state).to.equal('learning');
    expect(after(untrained, 1000, { judgedDays: 0.5 }).state).to.equal('learning');
    expect(after(untrained, 23).state).to.equal('learning');
    expect(after(untrained, 24).state).to.equal('trusted');
  });

  it('does not give trust to forecasts that are worse than naive or too sure', () => {
    expect(after(untrained, 1000, { relativeError: 1.1 }).state).to.equal('learning');
    expect(after(untrained, 1000, { coverage: 0.7 }).state).to.equal('learning');
  });

  it('takes it back after six bad hours, not after one', () => {
    const trusted = after(untrained, 24);
    expect(after(trusted, 23, { relativeError: 2 }).state).to.equal('trusted');
    expect(after(trusted, 24, { relativeError: 2 }).state).to.equal('demoted');
    expect(after(trusted, 24, { coverage: 0.4 }).reason).to.contain('40 % inside');
    expect(after(after(trusted, 20, { relativeError: 2 }), 1).streak).to.equal(0);
  });

  it('leaves it alone between the two thresholds', () => {
    const trusted = after(untrained, 24);
    expect(after(trusted, 1000, { relativeError: 1.2, coverage: 0.75 }).state).to.equal('trusted');
    const demoted = after(trusted, 24, { relativeError: 2 });
    expect(after(demoted, 1000, { relativeError: 1.2 }).state).to.equal('demoted');
  });

  it('is demoted at once by a level shift that the forecast does not follow, and has a day to win it back', () => {
    const trusted = after(untrained, 24);
    expect(after(trusted, 1, { levelShift: true }).state).to.equal('trusted');
    const demoted = after(trusted, 1, { levelShift: true, relativeError: 1.1 });
    expect(demoted.state).to.equal('demoted');
    expect(after(demoted, 95).state).to.equal('demoted');
    expect(after(demoted, 96).state).to.equal('trusted');
  });
});
