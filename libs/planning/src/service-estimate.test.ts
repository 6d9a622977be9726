import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { snapshotOf } from './input-for-tests.ts';
import { createServiceEstimate, estimatedScv, observeService } from './service-estimate.ts';

/** A minute's snapshot of log-normal service times with scv 4. */
function minuteOf(meanSec: number, random: { normal(): number }): ReturnType<typeof snapshotOf> {
  const jobs = 80;
  const deviation = Math.sqrt(Math.log(5));
  let [sum, squares] = [0, 0];
  for (let i = 0; i < jobs; i++) {
    const sec = meanSec * Math.exp(deviation * random.normal() - (deviation * deviation) / 2);
    sum += sec;
    squares += sec * sec;
  }
  const mean = sum / jobs;
  const scv = squares / jobs / (mean * mean) - 1;
  return snapshotOf({ completion_rate: jobs / 60, service_time_mean_s: mean, service_time_scv: scv });
}

describe('observeService', () => {
  it('is far steadier than single minutes', () => {
    const estimate = createServiceEstimate();
    const random = createRandomStream('steady');
    for (let i = 0; i < 600; i++) observeService(estimate, minuteOf(30, random));
    expect(estimate.meanSec).to.be.within(28, 32);
    expect(estimatedScv(estimate)).to.be.within(2.5, 5.5);
  });

  it('follows a dependency that becomes slow within some minutes', () => {
    const estimate = createServiceEstimate();
    const random = createRandomStream('slow');
    for (let i = 0; i < 600; i++) observeService(estimate, minuteOf(30, random));
    for (let i = 0; i < 15; i++) observeService(estimate, minuteOf(90, random));
    expect(estimate.meanSec).to.be.above(65);
  });

  it('learns nothing from idle or untrusted intervals', () => {
    const estimate = createServiceEstimate();
    observeService(estimate, snapshotOf({ completion_rate: 0, service_time_mean_s: 0 }));
    observeService(estimate, snapshotOf({ quality: { trusted: false, suspects: [] } }));
    expect(estimate).to.deep.equal(createServiceEstimate());
    expect(estimatedScv(estimate)).to.equal(1);
  });
});
