import { createSketch } from '@capplan/sketch';
import { expect } from 'chai';
import fc from 'fast-check';
import { type ServiceDistribution, scaleService, serviceMeanSec, serviceScv } from './service-distribution.ts';
import {
  serviceCdf,
  serviceExceedance,
  serviceQuantileSec,
  serviceResidualExceedance,
  serviceShape,
} from './service-shape.ts';

const samples = Array.from({ length: 500 }, (_, i) => 0.1 + (i * i) / 10_000);

const everyKind: readonly ServiceDistribution[] = [
  { kind: 'exponential', meanSec: 2 },
  { kind: 'deterministic', meanSec: 2 },
  { kind: 'erlang', meanSec: 2, shape: 3 },
  { kind: 'hyperexponential', meanSec: 2, scv: 5 },
  { kind: 'lognormal', meanSec: 2, scv: 0.4 },
  { kind: 'lognormal', meanSec: 2, scv: 8 },
  { kind: 'gamma', meanSec: 2, scv: 3 },
  { kind: 'measured', samples },
  { kind: 'measured', sketch: sketchOf(samples) },
];

function sketchOf(values: readonly number[]) {
  const sketch = createSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

function nameOf(service: ServiceDistribution): string {
  return `${service.kind}${'sketch' in service ? ' (sketch)' : ''}, scv ${serviceScv(service).toFixed(1)}`;
}

describe('a service distribution', () => {
  for (const service of everyKind) {
    it(`has the mean and scv that its exceedance integrates to: ${nameOf(service)}`, () => {
      // E[S] = ∫ P(S > t) dt and E[S²] = 2 ∫ t P(S > t) dt; in u = ln t, so that long tails are reached.
      let mean = 0;
      let square = 0;
      const step = 0.002;
      for (let u = -20; u < 12; u += step) {
        const t = Math.exp(u);
        const tail = serviceExceedance(service, t) * t * step;
        mean += tail;
        square += 2 * t * tail;
      }
      expect(mean).to.be.closeTo(serviceMeanSec(service), 0.003 * serviceMeanSec(service));
      const scv = square / (mean * mean) - 1;
      expect(scv).to.be.closeTo(serviceScv(service), 0.01 * (1 + serviceScv(service)));
    });

    it(`has a residual that is the integral of its exceedance: ${nameOf(service)}`, () => {
      const meanSec = serviceMeanSec(service);
      for (const from of [0.3, 1, 4]) {
        let area = 0;
        const step = 0.0005;
        for (let t = step / 2; t < from; t += step) area += serviceExceedance(service, t) * step;
        expect(serviceResidualExceedance(service, from)).to.be.closeTo(1 - area / meanSec, 0.002);
      }
    });

    it(`inverts its own distribution: ${nameOf(service)}`, () => {
      fc.assert(
        fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), (p) => {
          const t = serviceQuantileSec(service, p);
          expect(serviceCdf(service, t * (1 + 1e-9))).to.be.at.least(p - 1e-9);
          expect(serviceCdf(service, t * (1 - 1e-9) - 1e-12)).to.be.at.most(p + 1e-9);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('scales: quantiles and means grow with the factor, the shape stays', () => {
    for (const service of everyKind) {
      const scaled = scaleService(service, 3);
      expect(serviceMeanSec(scaled)).to.be.closeTo(3 * serviceMeanSec(service), 0.02 * serviceMeanSec(scaled));
      expect(serviceScv(scaled)).to.be.closeTo(serviceScv(service), 0.02 * (1 + serviceScv(service)));
      const ratio = serviceQuantileSec(scaled, 0.9) / serviceQuantileSec(service, 0.9);
      expect(ratio).to.be.closeTo(3, 0.06);
    }
  });

  it('is remembered, so that its tables are made once', () => {
    const service: ServiceDistribution = { kind: 'lognormal', meanSec: 2, scv: 3 };
    expect(serviceShape(service)).to.equal(serviceShape(service));
    expect(serviceShape({ ...service, meanSec: 7 })).to.equal(serviceShape(service));
  });

  it('refuses what cannot be', () => {
    const bad: ServiceDistribution[] = [
      { kind: 'exponential', meanSec: 0 },
      { kind: 'lognormal', meanSec: 1, scv: -1 },
      { kind: 'hyperexponential', meanSec: 1, scv: 0.5 },
      { kind: 'erlang', meanSec: 1, shape: 1.5 },
      { kind: 'measured', samples: [] },
      { kind: 'measured', samples: [0, 0] },
      { kind: 'measured', sketch: createSketch() },
    ];
    for (const service of bad) expect(() => serviceShape(service), JSON.stringify(service)).to.throw(RangeError);
  });
});
