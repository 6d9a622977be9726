import { check, Requirement } from '@capplan/contracts';
import { type ServiceDistribution, size } from '@capplan/queueing';
import { createSketch } from '@capplan/sketch';
import { expect } from 'chai';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { QueueingConfig } from './config.ts';
import { type SizingInput, sizePool } from './decide.ts';
import { sampleForecast, samplePolicy, samplePool, sampleSnapshot } from './samples.test-data.ts';
import { isSameService, serviceTimeOf } from './service-time.ts';

const config = Value.Create(QueueingConfig);
const service: ServiceDistribution = { kind: 'exponential', meanSec: 2 };

function sized(changes: Partial<SizingInput> = {}): Requirement {
  const requirement = sizePool(
    {
      pool: samplePool(),
      policy: samplePolicy(),
      snapshot: sampleSnapshot(),
      forecast: sampleForecast(),
      service,
      ...changes,
    },
    config,
  );
  if (requirement === undefined) throw new Error('not sized');
  return requirement;
}

describe('sizePool', () => {
  it('sizes each step for the upper end of the interval nearest to the quantile asked for', () => {
    const requirement = sized();
    expect(check(Requirement, requirement)).to.deep.include({ ok: true });
    expect(requirement.quantile).to.equal(0.9);
    expect(requirement.workers).to.have.length(3);
    // Steps of a quarter of an hour are long against two seconds of service: the load is the rate times the mean.
    expect(requirement.offered_load_erlangs[2]).to.be.closeTo(72, 0.2);
    const alone = size({
      arrivalRatePerSec: 36,
      service,
      latency: { of: 'response', percentile: 0.95, targetSec: 8 },
    });
    expect(requirement.workers[2]).to.be.within(alone.ok ? alone.workers : 0, (alone.ok ? alone.workers : 0) + 1);
    expect(requirement).to.deep.include({ feasible: true, binding: 'latency' });
  });

  it('is sized for the demand of now where the forecast says less', () => {
    const rising = sampleSnapshot({ arrival_rate: 40 });
    expect(sized({ snapshot: rising }).workers[0]).to.be.greaterThan(80);
  });

  it('takes the present demand to last without a forecast that is trusted', () => {
    for (const forecast of [
      undefined,
      sampleForecast({ trust: { state: 'learning', reason: 'a day of history' } }),
      sampleForecast({ made_at: '2026-03-01T08:00:00.000Z' }),
    ]) {
      const requirement = sized({ forecast });
      expect(requirement.workers).to.have.length(1);
      expect(requirement.quantile).to.equal(0.5);
      expect(requirement.workers[0]).to.be.within(21, 30);
    }
  });

  it('drops the steps that are over', () => {
    const requirement = sized({ forecast: sampleForecast({ made_at: '2026-03-02T07:44:00.000Z' }) });
    expect(requirement.made_at).to.equal('2026-03-02T07:59:00.000Z');
    expect(requirement.workers).to.have.length(2);
  });

  it('drains the backlog that is there in the time asked for', () => {
    const backlogged = sampleSnapshot({ backlog: 600 });
    const requirement = sized({
      snapshot: backlogged,
      policy: samplePolicy({ drain_time: '60s' }),
      forecast: undefined,
    });
    // Ten more jobs a second than arrive, at two seconds each.
    expect(requirement.workers[0]).to.be.at.least(40);
    expect(requirement.binding).to.equal('drain_time');
    expect(sized({ snapshot: backlogged, forecast: undefined }).workers[0]).to.be.lessThan(40);
  });

  it('says that no number of workers helps when service alone breaks the target', () => {
    const requirement = sized({ policy: samplePolicy({ p95_latency: '3s' }) });
    expect(requirement).to.deep.include({ feasible: false, binding: 'service_time' });
    expect(requirement.workers[0]).to.be.at.least(21);
    expect(requirement.reason).to.match(/^Not achievable/);
    expect(sized({ policy: samplePolicy({ p95_latency: '3s', latency_of: 'wait' }) }).feasible).to.equal(true);
  });

  it('needs nobody where nothing comes and nothing waits', () => {
    const idle = sampleSnapshot({ arrival_rate: 0 });
    expect(sized({ snapshot: idle, forecast: undefined })).to.deep.include({ workers: [0], binding: 'none' });
  });

  it('counts workers, not slots', () => {
    const one = sized({ forecast: undefined }).workers[0] as number;
    const ten = sized({ forecast: undefined, pool: samplePool({ concurrency: 10 }) }).workers[0] as number;
    expect(ten).to.be.within(Math.ceil(one / 10), Math.ceil(one / 10) + 1);
  });

  it('asks for spares when workers fail', () => {
    const spare = sized({ forecast: undefined, policy: samplePolicy({ availability: 0.9 }) });
    expect(spare.workers[0]).to.be.greaterThan(sized({ forecast: undefined }).workers[0] as number);
    expect(spare.binding).to.equal('availability');
    // With the whole time as error budget, nothing is asked of it.
    const careless = sized({ forecast: undefined, policy: samplePolicy({ availability: 0.9, error_budget: 1 }) });
    expect(careless.binding).to.equal('latency');
  });

  it('never needs fewer workers for more demand', () => {
    const rate = fc.double({ min: 0, max: 500, noNaN: true });
    fc.assert(
      fc.property(rate, rate, fc.double({ min: 1, max: 3, noNaN: true }), (now, ahead, factor) => {
        const at = (scale: number) =>
          sized({
            snapshot: sampleSnapshot({ arrival_rate: now * scale }),
            forecast: sampleForecast({ mean: [0, ahead * scale], intervals: [] }),
          }).workers;
        const [less, more] = [at(1), at(factor)];
        for (let i = 0; i < less.length; i++) expect(more[i]).to.be.at.least(less[i] as number);
      }),
      { numRuns: 100 },
    );
  });
});

describe('serviceTimeOf', () => {
  const sketch = createSketch();
  for (let i = 1; i <= 200; i++) sketch.add(i / 100);
  const wire = { ...sketch.toWire(), counts: [...sketch.toWire().counts] };
  const measured = sampleSnapshot({ service_time_mean_s: 1, service_time_scv: 0.33, service_time_sketch: wire });

  it('uses what was measured when that is enough, else its moments, else the hint', () => {
    const kindOf = (...[snapshot, pool = samplePool()]: [typeof measured, ReturnType<typeof samplePool>?]) =>
      serviceTimeOf(snapshot, pool, { samplesMin: 100 })?.kind;
    expect(kindOf(measured)).to.equal('measured');
    expect(kindOf({ ...measured, service_time_sketch: { ...wire, count: 20 } })).to.equal('lognormal');
    const unknown = sampleSnapshot({ service_time_mean_s: 0, service_time_scv: 0 });
    expect(kindOf(unknown, samplePool({ service_time_hint: '3s' }))).to.equal('exponential');
    expect(kindOf(unknown)).to.equal(undefined);
  });

  it('is kept while the figures hardly move', () => {
    expect(isSameService(measured, { ...measured, service_time_mean_s: 1.005 })).to.equal(true);
    expect(isSameService(measured, { ...measured, service_time_mean_s: 1.02 })).to.equal(false);
    expect(isSameService(measured, { ...measured, service_time_p95: '9s' })).to.equal(false);
  });
});
