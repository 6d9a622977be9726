import { isCapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import type { Engines, PartialTimeline } from '../ports.ts';

const scenario = (over: object = {}) => ({
  name: 'small',
  replications: 2,
  seed: 1,
  horizon: '1h',
  traffic: { pattern: 'constant', rate: 5 },
  service: { distribution: 'exponential', mean: '1s' },
  capacity: { workers: 8 },
  ...over,
});
const never = new AbortController().signal;

/** What every `Engines` keeps to. */
export function enginesConformance(name: string, open: () => Engines): void {
  describe(`engines: ${name}`, () => {
    let engines: Engines;
    beforeEach(() => {
      engines = open();
    });
    afterEach(() => engines.close());

    it('give the same answer to the same question', async () => {
      const ask = () => engines.run({ kind: 'simulate', scenario: scenario() }, { signal: never });
      expect(await ask()).to.deep.equal(await ask());
    });

    it('compare scenarios over the same jobs', async () => {
      const task = {
        kind: 'compare',
        scenarios: [scenario(), scenario({ name: 'more', capacity: { workers: 12 } })],
      } as const;
      const result = (await engines.run({ ...task, scenarios: [...task.scenarios] }, { signal: never })) as {
        pools: { best: Record<string, string> }[];
      };
      expect(result.pools[0]?.best.response_sec_mean).to.equal('more');
    });

    it('stop when the caller has gone', async () => {
      const gone = new AbortController();
      const long = scenario({
        horizon: '7d',
        traffic: { pattern: 'constant', rate: 60 },
        capacity: { workers: 80 },
        replications: 10,
      });
      const answer = engines
        .run({ kind: 'simulate', scenario: long }, { signal: gone.signal, onProgress: () => gone.abort() })
        .then(
          () => 'answered',
          (error) => (isCapacityError(error, 'cancelled') ? 'cancelled' : String(error)),
        );
      expect(await answer).to.equal('cancelled');
      expect(await engines.run({ kind: 'simulate', scenario: scenario() }, { signal: never })).to.have.property(
        'pools',
      );
    });

    it('tell how far they are, never backwards', async () => {
      const seen: PartialTimeline[] = [];
      const long = scenario({
        horizon: '24h',
        traffic: { pattern: 'constant', rate: 20 },
        capacity: { workers: 30 },
        replications: 2,
      });
      await engines.run(
        { kind: 'simulate', scenario: long },
        { signal: never, onProgress: (progress) => seen.push(progress) },
      );
      expect(seen.length).to.be.greaterThan(0);
      for (let i = 1; i < seen.length; i++) expect(seen[i]!.fraction).to.be.at.least(seen[i - 1]!.fraction);
    });

    it('refuse what is no scenario', async () => {
      const asked = engines.run({ kind: 'simulate', scenario: { nonsense: true } }, { signal: never }).then(
        () => undefined,
        (error) => error,
      );
      expect(isCapacityError(await asked, 'invalid_input')).to.equal(true);
    });
  });
}
