import {
  type Envelope,
  type HistoryImported,
  type HistoryRow,
  type Pool,
  type Snapshot,
  timestamp,
} from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import {
  createMemoryBackend,
  createVirtualClock,
  type Faults,
  type MemoryContext,
  type Service,
} from '@capplan/runtime';
import { createSketch } from '@capplan/sketch';
import { expect } from 'chai';
import { Value } from 'typebox/value';
import { createMemoryDepths } from './adapters/memory-depths.ts';
import { createMemoryHistory } from './adapters/memory-history.ts';
import { createMemoryWindowStore } from './adapters/memory-window-store.ts';
import { CollectorConfig } from './config.ts';
import { samplePool } from './observe/samples.test-data.ts';
import { createCollector } from './service.ts';

const startMs = Date.parse('2026-03-02T08:00:00Z');
const config = Value.Create(CollectorConfig);

/** A pool, a queue and two workers that report every five seconds, with a collector to watch them. */
async function createWorld(faults: Faults = {}) {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(11), faults });
  const ports = { depths: createMemoryDepths(), windows: createMemoryWindowStore(), history: createMemoryHistory() };
  const outside = backend.context('outside');
  const pool: Pool = samplePool({ updated_at: timestamp(startMs), initial_workers: 2 });
  await outside.bus.publish({
    type: 'pool.changed',
    key: pool.id,
    data: { id: pool.id, revision: 1, pool },
    cause: '1',
  });
  let completedBefore = 0;
  const report = async (worker: string, completed: number, clockAheadMs = 0): Promise<void> => {
    const toMs = clock.nowMs() + clockAheadMs;
    const sketch = createSketch();
    sketch.add(1, completed);
    const wire = sketch.toWire();
    const told = { key: pool.id, cause: `${worker}:${toMs}` };
    const who = { pool: pool.id, worker, sequence: toMs };
    const time = timestamp(toMs);
    const state = { concurrency: 2, busy: 2, draining: false, leaving: false };
    await outside.bus.ingest('heartbeat', { ...told, data: { ...who, time, ...state } });
    const service_time = { ...wire, counts: [...wire.counts] };
    const counts = { completed, failed: 0, service_time };
    await outside.bus.ingest('job', { ...told, data: { ...who, from: timestamp(toMs - 5000), to: time, ...counts } });
    completedBefore += completed;
  };
  return {
    clock,
    backend,
    ports,
    outside,
    pool,
    report,
    completed: () => completedBefore,
    collector: (instance: string): { service: Service; context: MemoryContext; crash(): void } => {
      const context = backend.context('collector', instance);
      return { service: createCollector(context, config, ports), context, crash: () => context.crash() };
    },
    /** Two workers that finish ten jobs every five seconds. */
    work: async (sec: number): Promise<void> => {
      for (let at = 0; at < sec; at += 5) {
        await clock.advance(5000);
        const reports = Promise.all([report('w1', 5), report('w2', 5)]);
        await clock.waitFor(reports);
      }
    },
    snapshots: (): Snapshot[] =>
      backend
        .messages('events')
        .filter(({ type }) => type === 'load.observed')
        .map(({ envelope }) => (envelope as { data: Snapshot }).data),
  };
}

const sum = (snapshots: readonly Snapshot[]): number =>
  snapshots.reduce((total, { completion_rate, interval_s }) => total + completion_rate * interval_s, 0);

describe('createCollector', () => {
  it('says once per window what happened in it', async () => {
    const world = await createWorld();
    const { service } = world.collector('a');
    await world.clock.waitFor(service.start());
    world.ports.depths.set('mail', 7);
    await world.work(60);
    await world.clock.advance(5000);
    // The window that ended with the start is said too: its reports are on the bus, whoever was there.
    const snapshots = world.snapshots().slice(1);
    expect(snapshots.map(({ timestamp }) => timestamp)).to.deep.equal([
      '2026-03-02T08:00:15.000Z',
      '2026-03-02T08:00:30.000Z',
      '2026-03-02T08:00:45.000Z',
      '2026-03-02T08:01:00.000Z',
    ]);
    expect(sum(snapshots)).to.equal(world.completed());
    expect(snapshots[2]).to.deep.include({ current_workers: 2, backlog: 7, busy_slots: 4 });
    await world.clock.waitFor(service.stop());
    expect(world.backend.deadLetters()).to.deep.equal([]);
  });

  it('says the same thing once when two replicas share the work', async () => {
    const world = await createWorld();
    const replicas = [world.collector('a'), world.collector('b')];
    for (const { service } of replicas) await world.clock.waitFor(service.start());
    await world.work(90);
    await world.clock.advance(5000);
    const snapshots = world.snapshots();
    expect(new Set(snapshots.map(({ timestamp }) => timestamp)).size).to.equal(snapshots.length);
    expect(sum(snapshots)).to.equal(world.completed());
  });

  it('loses no acknowledged report when it crashes in the middle of a window', async () => {
    const world = await createWorld();
    const first = world.collector('a');
    await world.clock.waitFor(first.service.start());
    await world.work(40);
    first.crash();
    const second = world.collector('a');
    await world.clock.waitFor(second.service.start());
    await world.work(20);
    await world.clock.advance(5000);
    const snapshots = world.snapshots();
    expect(new Set(snapshots.map(({ timestamp }) => timestamp)).size).to.equal(snapshots.length);
    expect(sum(snapshots)).to.equal(world.completed());
  });

  it('puts into history, and not into the news, what happened while nobody was there', async () => {
    const world = await createWorld();
    const first = world.collector('a');
    await world.clock.waitFor(first.service.start());
    await world.work(30);
    first.crash();
    await world.work(120);
    const second = world.collector('b');
    await world.clock.waitFor(second.service.start());
    await world.work(30);
    await world.clock.advance(5000);
    const history = await world.clock.waitFor(
      world.outside.bus.request(
        'load.history',
        { pool: world.pool.id, from: timestamp(startMs), to: timestamp(world.clock.nowMs()), every_s: 15 },
        { key: world.pool.id, actor: { id: 'test', kind: 'service' } },
      ),
    );
    const completed = history.points.reduce((total, point) => total + point.completion_rate * point.interval_s, 0);
    expect(completed).to.be.closeTo(world.completed(), 1e-6);
    expect(world.snapshots().length).to.be.lessThan(history.points.length);
    expect(history.points.some(({ trusted_share }) => trusted_share === 0)).to.equal(true);
  });

  it('counts every job once when deliveries are lost, repeated, late and out of order', async () => {
    const faults = { dropDelivery: 0.1, duplicateDelivery: 0.2, delayDelivery: 0.1, reorderDelivery: 0.2 };
    const world = await createWorld(faults);
    const { service } = world.collector('a');
    await world.clock.waitFor(service.start());
    await world.work(300);
    world.backend.setFaults({});
    await world.clock.advance(120_000);
    const snapshots = world.snapshots();
    const onTime = sum(snapshots);
    // What a delivery delayed past two windows told of is no rate of the present; it is never counted twice.
    expect(onTime).to.be.at.most(world.completed());
    expect(onTime).to.be.at.least(world.completed() * 0.7);
    expect(world.backend.deadLetters()).to.deep.equal([]);
  });

  it('says that the queue cannot be reached, once, and keeps watching', async () => {
    const world = await createWorld();
    const { service } = world.collector('a');
    await world.clock.waitFor(service.start());
    world.ports.depths.set('mail', 9);
    await world.work(30);
    world.ports.depths.unreachable = true;
    await world.work(60);
    const suspects = world.backend.messages('events').filter(({ type }) => type === 'load.suspect');
    expect(suspects).to.have.length(1);
    expect(world.snapshots().at(-1)).to.deep.include({ backlog: 9 });
    expect(world.snapshots().at(-1)?.quality.trusted).to.equal(false);
  });

  it('leaves out what a worker says about a pool that is not its own, and dead-letters what fits no schema', async () => {
    const world = await createWorld();
    const { service } = world.collector('a');
    await world.clock.waitFor(service.start());
    await world.outside.bus.ingest('arrival', {
      key: world.pool.id,
      cause: 'x',
      data: {
        pool: 'shop/other',
        source: 's',
        sequence: 1,
        from: timestamp(startMs),
        to: timestamp(startMs),
        arrived: 1e6,
      },
    });
    world.backend.inject(
      { subject: 'capacity.ingest.arrival.v1.shop.mail', id: 'y', text: '{"half":' },
      'arrival',
      world.pool.id,
    );
    await world.work(15);
    await world.clock.advance(5000);
    expect(world.snapshots()[0]?.arrival_rate).to.be.lessThan(10);
    expect(world.backend.deadLetters()).to.have.length(1);
  });

  it('answers what a pool does now, and refuses an unknown one', async () => {
    const world = await createWorld();
    const { service } = world.collector('a');
    await world.clock.waitFor(service.start());
    await world.work(30);
    const ask = (pool: string) =>
      world.outside.bus.request('load.current', { pool }, { key: pool, actor: { id: 'test', kind: 'service' } });
    const { snapshots } = await world.clock.waitFor(ask(world.pool.id));
    expect(snapshots).to.have.length(1);
    const refusal = await world.clock.waitFor(ask('shop/none').catch((error: { code: string }) => error.code));
    expect(refusal).to.equal('not_found');
  });

  it('shows the workers that are there, those that fell silent or left not, page by page', async () => {
    const world = await createWorld();
    const { service } = world.collector('a');
    await world.clock.waitFor(service.start());
    const ask = (pool: string, cursor?: string) =>
      world.clock.waitFor(
        world.outside.bus.request(
          'load.workers',
          { pool, ...(cursor !== undefined && { cursor }) },
          { key: pool, actor: { id: 'test', kind: 'service' } },
        ),
      );
    await world.clock.waitFor(world.report('w9', 1));
    await world.work(45);
    await world.clock.waitFor(Promise.all(Array.from({ length: 600 }, (_, i) => world.report(`x${i + 100}`, 1))));
    await world.clock.advance(2000);
    const first = await ask(world.pool.id);
    const { workers, next_cursor } = first;
    expect(workers[0]).to.deep.equal({
      worker: 'w1',
      busy: 2,
      concurrency: 2,
      draining: false,
      seen_at: timestamp(startMs + 45_000),
    });
    expect(workers).to.have.length(500);
    const second = await ask(world.pool.id, next_cursor);
    expect(second.workers).to.have.length(102);
    expect(second).not.to.have.property('next_cursor');
    expect(new Set([...workers, ...second.workers].map(({ worker }) => worker)))
      .to.include('w2')
      .and.not.include('w9');
    await world.clock.advance(60_000);
    expect(await ask(world.pool.id)).to.deep.equal({ workers: [] });
    expect(await ask('shop/none').catch((error: { code: string }) => error.code)).to.equal('not_found');
  });

  it('counts workers whose clocks are off, and what they do, by when their reports come', async () => {
    const world = await createWorld();
    const { service } = world.collector('a');
    await world.clock.waitFor(service.start());
    world.ports.depths.set('mail', 0);
    // Two of four clocks are 20 s behind, and one of a worker that dies soon is two minutes ahead.
    for (let sec = 0; sec < 120; sec += 5) {
      await world.clock.advance(5000);
      const reporting = [world.report('w1', 5), world.report('w2', 5)];
      reporting.push(world.report('w3', 5, -20_000), world.report('w4', 5, -20_000));
      if (sec < 30) reporting.push(world.report('w5', 5, 120_000));
      await world.clock.waitFor(Promise.all(reporting));
    }
    await world.clock.advance(5000);
    const snapshots = world.snapshots();
    const last = snapshots.at(-1);
    expect(last).to.deep.include({ current_workers: 4, completion_rate: 4, arrival_rate: 4 });
    expect(last?.quality.trusted).to.equal(true);
    expect(last?.quality.notes?.[0]?.detail).to.contain('2 of 4 workers are up to 20 s behind ours');
    expect(sum(snapshots)).to.equal(world.completed());
  });

  it('says once that everything was lost when the store is emptied, and learns anew', async () => {
    const world = await createWorld();
    const { service, context } = world.collector('a');
    await world.clock.waitFor(service.start());
    world.ports.depths.set('mail', 0);
    await world.work(60);
    await world.ports.windows.forget(world.pool.id);
    await world.work(90);
    const suspects = world.backend.messages('events').filter(({ type }) => type === 'load.suspect');
    expect(suspects).to.have.length(1);
    expect(
      world
        .snapshots()
        .at(-1)
        ?.quality.suspects.map(({ source, reason }) => `${source} ${reason}`),
    ).to.deep.equal(['history missing']);
    expect(context.health.report().checks.history?.detail).to.contain('what was known of 1 pools was lost');
    await world.work(600);
    expect(world.snapshots().at(-1)?.quality.trusted).to.equal(true);
  });

  it('takes an import once, announces it, says how far it has come, and refuses what it cannot take', async () => {
    const { clock, backend, outside, pool, ports, collector } = await createWorld();
    await clock.waitFor(collector('a').service.start());
    const ask = (rows: HistoryRow[], key = pool.id) =>
      clock.waitFor(
        outside.bus
          .request(
            'history.import',
            { pool: key, import_id: 'march', rows },
            { key, actor: { id: 'ada', kind: 'user' } },
          )
          .catch((error: { code: string; message: string; detail: unknown }) => error),
      );
    const rows = Array.from({ length: 60 }, (_, i) => ({
      timestamp: timestamp(startMs - (60 - i) * 60_000),
      interval_s: 60,
      arrived: 30 + i,
    }));
    const last = rows.at(-1)?.timestamp;
    expect(await ask(rows)).to.deep.include({ stored: 60, unchanged: 0, measured: 0, stored_until: last });
    expect(await ask(rows)).to.deep.include({ stored: 0, unchanged: 60, stored_until: last });
    expect(await ask([])).to.deep.include({ rows: 0, stored_until: last });
    await clock.advance(1000);
    const announced = backend.messages('events').filter(({ type }) => type === 'history.imported');
    expect(announced).to.have.length(1);
    const [{ data, actor }] = announced.map(({ envelope }) => envelope) as [Envelope<HistoryImported>];
    expect(data).to.deep.include({ pool: pool.id, from: timestamp(startMs - 61 * 60_000), to: last, rows: 60 });
    expect(actor.id).to.equal('ada');
    const kept = await ports.history.read(pool.id, { fromMs: startMs - 86_400_000, toMs: startMs, everySec: 60 });
    expect(kept.filter((point) => point.imported_share === 1)).to.have.length(60);
    expect(await ask(rows, 'shop/none')).to.deep.include({ code: 'not_found' });
    const refused = await ask([...rows.slice(0, 2), { timestamp: '2030-01-01T00:00:00Z', interval_s: 60, arrived: 1 }]);
    expect(refused).to.deep.include({ code: 'invalid_input' });
    expect((refused as { detail: string[] }).detail[0]).to.match(/^rows\/2: .*still to come/);
  });
});
