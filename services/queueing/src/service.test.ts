import type { Requirement, Snapshot } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, type Faults } from '@capplan/runtime';
import { expect } from 'chai';
import { Value } from 'typebox/value';
import { QueueingConfig } from './config.ts';
import { at, sampleForecast, samplePolicy, samplePool, sampleSnapshot } from './samples.test-data.ts';
import { createQueueing } from './service.ts';

const startMs = Date.parse(at);

async function createWorld(faults: Faults = {}) {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(2), faults });
  const outside = backend.context('outside');
  const pool = samplePool();
  const policy = samplePolicy();
  await outside.bus.publish({
    type: 'pool.changed',
    key: pool.id,
    cause: '1',
    data: { id: pool.id, revision: 1, pool },
  });
  const change = { id: policy.id, revision: 1, policy };
  await outside.bus.publish({ type: 'policy.changed', key: '_/p1', cause: '1', data: change });
  const start = async (instance: string) => {
    const context = backend.context('queueing', instance);
    const service = createQueueing(context, Value.Create(QueueingConfig));
    await clock.waitFor(service.start());
    return { service, context, crash: () => context.crash() };
  };
  const observe = async (changes: Partial<Snapshot> = {}): Promise<void> => {
    const timestamp = new Date(clock.nowMs()).toISOString();
    const data = sampleSnapshot({ timestamp, ...changes });
    await outside.bus.publish({ type: 'load.observed', key: pool.id, cause: timestamp, data });
  };
  const sized = (): Requirement[] =>
    backend
      .messages('events')
      .filter(({ type }) => type === 'capacity.sized')
      .map(({ envelope }) => (envelope as { data: Requirement }).data);
  const ask = (name: string) =>
    clock.waitFor(
      outside.bus
        .request('requirement.get', { pool: name }, { key: name, actor: { id: 'test', kind: 'service' } })
        .catch((error: { code: string }) => error.code),
    );
  return { clock, backend, outside, start, observe, sized, ask };
}

describe('createQueueing', () => {
  it('says the requirement for every snapshot, and again when a forecast comes', async () => {
    const { clock, outside, start, observe, sized, ask } = await createWorld();
    await start('a');
    await observe();
    await clock.advance(1000);
    expect(sized()).to.have.length(1);
    expect(sized()[0]?.workers).to.have.length(1);
    await outside.bus.publish({ type: 'forecast.made', key: 'shop/mail', cause: '1', data: sampleForecast() });
    await clock.advance(1000);
    expect(sized()).to.have.length(2);
    expect(sized()[1]?.workers).to.have.length(3);
    expect(await ask('shop/mail')).to.deep.equal(sized()[1]);
  });

  it('says each requirement once with two replicas, repeats and disorder, and goes on after a crash', async () => {
    const { clock, backend, start, observe, sized } = await createWorld({
      duplicateDelivery: 0.3,
      reorderDelivery: 0.3,
      dropDelivery: 0.1,
    });
    const first = await start('a');
    await start('b');
    for (let i = 0; i < 20; i++) {
      await observe({ arrival_rate: 10 + i });
      await clock.advance(15_000);
      if (i === 10) first.crash();
    }
    backend.setFaults({});
    await clock.advance(300_000);
    const seen = backend.messages('events').filter(({ type }) => type === 'capacity.sized');
    const ids = seen.map(({ envelope }) => (envelope as { id: string }).id);
    expect(new Set(ids).size).to.equal(ids.length);
    expect(sized().at(-1)?.made_at).to.equal(new Date(startMs + 19 * 15_000).toISOString());
    expect(backend.deadLetters()).to.deep.equal([]);
  });

  it('lets a record that cannot be sized cost its own pool only', async () => {
    const { clock, backend, outside, start, observe, sized } = await createWorld();
    const { context } = await start('a');
    const endless = { ...samplePolicy({ p95_latency: `${'9'.repeat(400)}d`, drain_time: '0s' }), id: 'endless' };
    const change = { id: 'endless', revision: 2, policy: endless };
    await outside.bus.publish({ type: 'policy.changed', key: '_/endless', cause: '1', data: change });
    const pool = samplePool({ id: 'shop/poisoned', policy_id: 'endless' });
    const data = { id: pool.id, revision: 1, pool };
    await outside.bus.publish({ type: 'pool.changed', key: pool.id, cause: '1', data });
    await clock.advance(1000);
    const timestamp = new Date(clock.nowMs()).toISOString();
    const snapshot = sampleSnapshot({ pool: pool.id, timestamp });
    await outside.bus.publish({ type: 'load.observed', key: pool.id, cause: timestamp, data: snapshot });
    await observe();
    await clock.advance(1000);
    expect(sized().map((requirement) => requirement.pool)).to.deep.equal(['shop/mail']);
    expect(context.health.report().checks.pools?.detail).to.contain('shop/poisoned');
    expect(backend.deadLetters()).to.deep.equal([]);
  });

  it('refuses an unknown pool, and says when it knows too little', async () => {
    const { start, ask } = await createWorld();
    await start('a');
    expect(await ask('shop/none')).to.equal('not_found');
    expect(await ask('shop/mail')).to.equal('not_enough_data');
  });
});
