import { expect } from 'chai';
import fc from 'fast-check';
import { serversForWaitProbability } from './erlang-inverse.ts';
import {
  modifiedOfferedLoad,
  modifiedOfferedLoadAt,
  offeredLoadWeights,
  sinusoidalLoad,
} from './offered-load-over-time.ts';
import type { ServiceDistribution } from './service-distribution.ts';

const exponential: ServiceDistribution = { kind: 'exponential', meanSec: 60 };
const lognormal: ServiceDistribution = { kind: 'lognormal', meanSec: 60, scv: 4 };

describe('modifiedOfferedLoad', () => {
  it('follows a jump with the time constant of exponential service', () => {
    const loads = modifiedOfferedLoad({ ratesPerSec: [1, 5, 5, 5], stepSec: 60, service: exponential });
    for (const [i, load] of loads.entries()) expect(load).to.be.closeTo(60 + 240 * (1 - Math.exp(-i)), 1e-5);
  });

  it('is rate × service time when the rate never changes, whatever the service', () => {
    for (const service of [exponential, lognormal]) {
      for (const load of modifiedOfferedLoad({ ratesPerSec: [3, 3, 3], stepSec: 7, service })) {
        expect(load).to.be.closeTo(180, 1e-9);
      }
    }
  });

  it('is linear in the rates, never negative, and within their range', () => {
    const list = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(list, (ratesPerSec) => {
        const loads = modifiedOfferedLoad({ ratesPerSec, stepSec: 30, service: lognormal });
        const doubled = modifiedOfferedLoad({
          ratesPerSec: ratesPerSec.map((r) => 2 * r),
          stepSec: 30,
          service: lognormal,
        });
        for (const [i, load] of loads.entries()) {
          expect(load).to.be.within(60 * Math.min(...ratesPerSec) - 1e-9, 60 * Math.max(...ratesPerSec) + 1e-9);
          expect(doubled[i]).to.be.closeTo(2 * load, 1e-9);
        }
      }),
    );
  });

  it('takes up history where it is given', () => {
    const whole = modifiedOfferedLoad({ ratesPerSec: [1, 4, 2, 6, 3], stepSec: 30, service: lognormal });
    const split = modifiedOfferedLoad({
      historyPerSec: [1, 4, 2],
      ratesPerSec: [6, 3],
      stepSec: 30,
      service: lognormal,
    });
    expect([...split]).to.deep.equal([...whole].slice(3));
  });

  it('spreads the work of one step over as long as it lasts', () => {
    expect([...offeredLoadWeights({ service: { kind: 'deterministic', meanSec: 10 }, stepSec: 5 })]).to.deep.equal([
      5, 5,
    ]);
    const weights = offeredLoadWeights({ service: lognormal, stepSec: 20 });
    expect(weights.reduce((sum, w) => sum + w, 0)).to.be.closeTo(60, 1e-9);
  });
});

describe('sinusoidalLoad', () => {
  it('is a first-order filter for exponential service', () => {
    // Eick, Massey & Whitt 1993: ratio 1/√(1 + ω²), lag arctan(ω)/ω for mean 1.
    for (const ω of [0.1, 1, 7]) {
      const { ratio, lagSec } = sinusoidalLoad({
        service: { kind: 'exponential', meanSec: 1 },
        periodSec: (2 * Math.PI) / ω,
      });
      expect(ratio).to.be.closeTo(1 / Math.sqrt(1 + ω * ω), 1e-6);
      expect(lagSec).to.be.closeTo(Math.atan(ω) / ω, 1e-6);
    }
  });

  it('is the average over one service time for constant service', () => {
    const { ratio, lagSec } = sinusoidalLoad({
      service: { kind: 'deterministic', meanSec: 1 },
      periodSec: 2 * Math.PI,
    });
    expect(ratio).to.be.closeTo(Math.sin(0.5) / 0.5, 1e-9);
    expect(lagSec).to.be.closeTo(0.5, 1e-9);
  });

  it('is what modifiedOfferedLoadAt gives at each moment', () => {
    const service: ServiceDistribution = { kind: 'gamma', meanSec: 2, scv: 2 };
    const { ratio, lagSec } = sinusoidalLoad({ service, periodSec: 20 });
    const ω = (2 * Math.PI) / 20;
    for (const atSec of [0, 3, 11]) {
      const load = modifiedOfferedLoadAt({ ratePerSecAt: (t) => 5 + 3 * Math.sin(ω * t), atSec, service });
      expect(load).to.be.closeTo(10 + 6 * ratio * Math.sin(ω * (atSec - lagSec)), 1e-4);
    }
  });
});

describe('sizing by modified offered load', () => {
  /** Solves M_t/M/s_t by its forward equations; returns the lowest and highest P(all servers busy) over one cycle. */
  function waitProbabilityRange(rate: (t: number) => number, servers: (t: number) => number): [number, number] {
    const size = 320;
    const step = 0.004;
    let p = new Float64Array(size);
    p[100] = 1;
    let low = 1;
    let high = 0;
    const slope = (state: Float64Array, t: number) => {
      const change = new Float64Array(size);
      const s = servers(t);
      for (let n = 0; n < size; n++) {
        const up = n + 1 < size ? rate(t) * (state[n] as number) : 0;
        const down = Math.min(n, s) * (state[n] as number);
        change[n] = (change[n] as number) - up - down;
        if (n + 1 < size) change[n + 1] = (change[n + 1] as number) + up;
        if (n > 0) change[n - 1] = (change[n - 1] as number) + down;
      }
      return change;
    };
    for (let t = 0; t < 4 * Math.PI; t += step) {
      // Midpoint rule: stable for steps below 2 over the largest rate of leaving a state, which is some 270 here.
      const half = slope(p, t);
      const middle = p.map((x, n) => x + (step / 2) * (half[n] as number));
      const full = slope(middle, t + step / 2);
      p = p.map((x, n) => x + step * (full[n] as number));
      if (t > 2 * Math.PI) {
        let waiting = 0;
        for (let n = Math.round(servers(t)); n < size; n++) waiting += p[n] as number;
        low = Math.min(low, waiting);
        high = Math.max(high, waiting);
      }
    }
    return [low, high];
  }

  const rate = (t: number) => 100 + 20 * Math.sin(t);
  const block = (t: number) => (Math.floor(t / 0.1) + 0.5) * 0.1;

  it('holds the waiting probability near its target where pointwise sizing swings', () => {
    const service: ServiceDistribution = { kind: 'exponential', meanSec: 1 };
    const sized = new Map<number, number>();
    const byLoad = (t: number) => {
      const at = block(t);
      let servers = sized.get(at);
      if (servers === undefined) {
        const offeredLoadErlangs = modifiedOfferedLoadAt({ ratePerSecAt: rate, atSec: at, service });
        servers = serversForWaitProbability({ offeredLoadErlangs, waitProbability: 0.1 });
        sized.set(at, servers);
      }
      return servers;
    };
    const pointwise = new Map<number, number>();
    const byRate = (t: number) => {
      const at = block(t);
      const known = pointwise.get(at);
      if (known !== undefined) return known;
      const servers = serversForWaitProbability({ offeredLoadErlangs: rate(at), waitProbability: 0.1 });
      pointwise.set(at, servers);
      return servers;
    };
    const [low, high] = waitProbabilityRange(rate, byLoad);
    expect(low).to.be.above(0.07);
    expect(high).to.be.below(0.13);
    const [pointLow, pointHigh] = waitProbabilityRange(rate, byRate);
    expect(pointHigh - pointLow).to.be.above(0.5);
  });
});
