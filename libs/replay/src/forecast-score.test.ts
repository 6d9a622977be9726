import { expect } from 'chai';
import { pointAtLead, scoreForecasts } from './forecast-score.ts';

const paths = {
  step_s: 30,
  rates_per_s: [
    [0, 0, 2, 2],
    [0, 0, 4, 4],
  ],
};

describe('pointAtLead', () => {
  it('finds its place in futures that began a little earlier', () => {
    expect(pointAtLead(paths, { fromSec: 570, atSec: 600, leadSec: 0 }).meanPerSec).to.equal(1.5);
  });

  it('averages the minute that begins one lead time ahead', () => {
    const point = pointAtLead(paths, { fromSec: 600, atSec: 600, leadSec: 60 });
    expect(point).to.deep.equal({ atSec: 660, meanPerSec: 3, lowPerSec: 2, highPerSec: 4 });
  });
});

describe('scoreForecasts', () => {
  const point = (atSec: number, meanPerSec: number) => ({ atSec, meanPerSec, lowPerSec: 1, highPerSec: 3 });

  it('weighs errors by arrivals and counts minutes inside the band', () => {
    const score = scoreForecasts([point(0, 2), point(60, 2)], { leadSec: 60, counts: [60, 240], stepSec: 60 });
    expect(score.wape).to.equal((60 + 120) / 300);
    expect(score.coverage).to.equal(0.5);
  });

  it('leaves out minutes beyond the end', () => {
    expect(scoreForecasts([point(60, 2)], { leadSec: 60, counts: [60], stepSec: 60 }).minutes).to.equal(0);
  });
});
