import { isCapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import { enginesConformance } from '../conformance/engines-conformance.ts';
import { createInlineEngines } from './inline-engines.ts';
import { createThreadEngines } from './thread-engines.ts';

enginesConformance('inline', createInlineEngines);
enginesConformance('threads', () => createThreadEngines({ threads: 1, queueMax: 4 }));

describe('thread engines', () => {
  const slow = {
    name: 'slow',
    horizon: '7d',
    traffic: { pattern: 'constant', rate: 60 },
    service: { distribution: 'exponential', mean: '1s' },
    capacity: { workers: 80 },
    replications: 10,
  };

  it('say that they are busy when the queue is full', async () => {
    const engines = createThreadEngines({ threads: 1, queueMax: 1 });
    const gone = new AbortController();
    const outcomes = [1, 2, 3].map(() =>
      engines.run({ kind: 'simulate', scenario: slow }, { signal: gone.signal }).then(
        () => 'answered',
        (error) => (isCapacityError(error) ? error.code : String(error)),
      ),
    );
    expect(await outcomes[2]).to.equal('busy');
    expect(engines.load()).to.deep.equal({ running: 1, waiting: 1 });
    gone.abort();
    expect(await Promise.all(outcomes.slice(0, 1))).to.deep.equal(['cancelled']);
    await engines.close();
    expect(['cancelled', 'unavailable']).to.include(await outcomes[1]);
  });

  it('give the place of a caller who has gone to the next one at once', async () => {
    const engines = createThreadEngines({ threads: 1, queueMax: 1 });
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const run = (signal: AbortSignal) =>
      engines.run({ kind: 'simulate', scenario: slow }, { signal }).then(
        () => 'answered',
        (error) => (isCapacityError(error) ? error.code : String(error)),
      );
    const running = run(first.signal);
    const waiting = run(second.signal);
    second.abort();
    expect(await waiting).to.equal('cancelled');
    expect(engines.load()).to.deep.equal({ running: 1, waiting: 0 });
    const next = run(third.signal);
    expect(engines.load()).to.deep.equal({ running: 1, waiting: 1 });
    first.abort();
    third.abort();
    expect(await Promise.all([running, next])).to.deep.equal(['cancelled', 'cancelled']);
    await engines.close();
  });
});
