import { type Forecast, type HistoryPoint, pageOf, type ReplyData, type Snapshot } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, type Faults } from '@capplan/runtime';
import { expect } from 'chai';
import Type from 'typebox';
import { config, rateAt, samplePolicy, samplePool, sampleSnapshot, startMs } from './samples.test-data.ts';
import { createForecaster } from './service.ts';

/** Fewer than a collector would give: whoever reads the first page only shows it. */
const historyPagePoints = 200;

async function createWorld(faults: Faults = {}) {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(4), faults });
  const outside = backend.context('outside');
  const pool = samplePool();
  const policy = samplePolicy();
  await outside.bus.publish({
    type: 'pool.changed',
    key: pool.id,
    cause: '1',
    data: { id: pool.id, revision: 1, pool },
  });
  await outside.bus.publish({
    type: 'policy.changed',
    key: '_/p1',
    cause: '1',
    data: { id: policy.id, revision: 1, policy },
  });
  const observed: Snapshot[] = [];
  let asked = 0;
  let daysBefore = 0;
  let isAnswering = false;
  /** A collector that remembers what was published, and `days` days before that. */
  const remember = async (days: number): Promise<void> => {
    daysBefore = days;
    if (isAnswering) return;
    isAnswering = true;
    await clock.waitFor(
      outside.bus.respond('load.history', async ({ data }): Promise<ReplyData<'load.history'>> => {
        asked += 1;
        const [fromMs, toMs] = [Date.parse(data.from), Date.parse(data.to)];
        const everyMs = Math.max(60, data.every_s ?? 60) * 1000;
        const points: HistoryPoint[] = [];
        for (let ms = Math.ceil(fromMs / everyMs) * everyMs; ms <= toMs; ms += everyMs) {
          if (ms <= startMs - daysBefore * 86_400_000) continue;
          if (ms > startMs && !observed.some(({ timestamp }) => Date.parse(timestamp) === ms)) continue;
          points.push({
            timestamp: new Date(ms).toISOString(),
            interval_s: everyMs / 1000,
            arrival_rate: rateAt(ms),
            completion_rate: rateAt(ms),
            service_time_mean_s: 1,
            service_time_scv: 1,
            response_time_p95_s: null,
            current_workers: 1,
            busy_slots: 1,
            utilization: 1,
            backlog: 0,
            error_rate: 0,
          });
        }
        // A page, as a collector cuts it.
        const { items, ...more } = pageOf(points, data, {
          list: 'load.history',
          placeOf: ({ timestamp }) => [timestamp],
          idOf: ({ timestamp }) => timestamp,
          shape: Type.Tuple([Type.String()]),
          direction: 'ascending',
          limitDefault: historyPagePoints,
        });
        return { pool: data.pool, every_s: everyMs / 1000, points: items, ...more };
      }),
    );
  };
  const start = async (instance: string) => {
    const context = backend.context('forecaster', instance);
    const service = createForecaster(context, config);
    await clock.waitFor(service.start());
    return { service, context, crash: () => context.crash() };
  };
  const measure = async (minutes: number): Promise<void> => {
    for (let i = 0; i < minutes; i++) {
      const endMs = Math.ceil((clock.nowMs() + 1) / 60_000) * 60_000;
      await clock.advance(endMs - clock.nowMs());
      const data = sampleSnapshot(endMs);
      observed.push(data);
      await outside.bus.publish({ type: 'load.observed', key: pool.id, cause: data.timestamp, data });
    }
    await clock.advance(1000);
  };
  const announceImport = (at: string) =>
    outside.bus.publish({
      type: 'history.imported',
      key: pool.id,
      cause: at,
      data: { pool: pool.id, from: at, to: at, rows: 1, stored: 1, imported_at: at },
    });
  const forecasts = (): Forecast[] =>
    backend
      .messages('events')
      .filter(({ type }) => type === 'forecast.made')
      .map(({ envelope }) => (envelope as { data: Forecast }).data);
  const ask = (name: string, horizon_s?: number) =>
    clock.waitFor(
      outside.bus
        .request(
          'forecast.get',
          { pool: name, ...(horizon_s !== undefined && { horizon_s }) },
          { key: name, actor: { id: 'test', kind: 'service' } },
        )
        .catch((error: { code: string }) => error.code),
    );
  return { clock, backend, outside, start, measure, forecasts, ask, remember, announceImport, asked: () => asked };
}

describe('createForecaster', () => {
  it('lets records of an older version cost their own pools only, after a restart too', async () => {
    const { backend, clock, outside, start, measure, forecasts, ask } = await createWorld();
    const zone = { ...samplePolicy({ time_zone: 'X/Y' }), id: 'zone' };
    const slow = samplePool({ id: 'shop/slow', startup_delay: '365d' });
    const lost = samplePool({ id: 'shop/lost', policy_id: 'zone' });
    await outside.bus.publish({
      ...{ type: 'policy.changed', key: '_/zone', cause: '1', data: { id: 'zone', revision: 2, policy: zone } },
    });
    for (const pool of [slow, lost]) {
      const data = { id: pool.id, revision: 1, pool };
      await outside.bus.publish({ type: 'pool.changed', key: pool.id, cause: '1', data });
    }
    const measureAll = async (): Promise<void> => {
      await measure(2);
      for (const { id } of [slow, lost]) {
        const data = sampleSnapshot(clock.nowMs() - 1000, { pool: id });
        await outside.bus.publish({ type: 'load.observed', key: id, cause: data.timestamp, data });
      }
      await clock.advance(1000);
    };
    const first = await start('a');
    await measureAll();
    expect(forecasts().map(({ pool }) => pool))
      .to.include.members(['shop/mail', 'shop/slow'])
      .and.not.include(lost.id);
    expect(await ask('shop/lost')).to.equal('policy_mismatch');
    expect(first.context.health.report().checks.pools?.detail).to.contain('shop/lost').and.contain("'X/Y'");
    first.crash();
    const before = forecasts().length;
    await start('b');
    await clock.advance(60_000);
    await measureAll();
    expect(forecasts().length).to.be.greaterThan(before);
    expect(backend.deadLetters()).to.deep.equal([]);
  });

  it('says a forecast for every snapshot, from the history that it finds', async () => {
    const { start, measure, forecasts, remember, ask } = await createWorld();
    await remember(6);
    await start('a');
    await measure(3);
    expect(forecasts()).to.have.length(3);
    const newest = forecasts()[2] as Forecast;
    expect(newest.made_at).to.equal('2026-03-02T00:03:00.000Z');
    // Six hours on it is a quarter of the wave further.
    expect(newest.mean[24]).to.be.closeTo(rateAt(startMs + 6.1 * 3_600_000), 1.5);
    expect(newest.paths?.rates_per_s).to.have.length(64);
    expect(await ask('shop/mail')).to.deep.equal(newest);
    expect(((await ask('shop/mail', 7200)) as Forecast).mean).to.have.length(8);
  });

  it('starts without history, and learns it as soon as somebody answers', async () => {
    const { start, measure, forecasts, remember } = await createWorld();
    await start('a');
    await measure(2);
    expect(forecasts().at(-1)?.model).to.equal('fading_average');
    await remember(6);
    await measure(3);
    expect(forecasts().at(-1)?.mean[24]).to.be.closeTo(rateAt(startMs + 6.1 * 3_600_000), 1.5);
  });

  it('goes on after a crash as if nothing had been: from the cache, and from history for what is newer', async () => {
    const calm = await createWorld();
    await calm.remember(6);
    await calm.start('a');
    await calm.measure(20);

    const troubled = await createWorld();
    await troubled.remember(6);
    const first = await troubled.start('a');
    await troubled.measure(11);
    first.crash();
    await troubled.measure(4);
    const before = troubled.asked();
    await troubled.start('a');
    await troubled.measure(5);
    // The weeks came from the cache: only the newest minutes were asked for.
    expect(troubled.asked() - before).to.be.at.most(2);
    const [wanted, found] = [calm.forecasts().at(-1), troubled.forecasts().at(-1)] as [Forecast, Forecast];
    expect(found.made_at).to.equal(wanted.made_at);
    for (const [i, mean] of found.mean.entries()) expect(mean).to.be.closeTo(wanted.mean[i] as number, 0.05);
  });

  it('says each forecast once, with two replicas and a bus that repeats and reorders', async () => {
    const { clock, backend, start, measure, remember, forecasts } = await createWorld({
      duplicateDelivery: 0.3,
      reorderDelivery: 0.3,
      dropDelivery: 0.1,
    });
    await remember(1);
    await start('a');
    await start('b');
    await measure(20);
    backend.setFaults({});
    await clock.advance(200_000);
    const times = forecasts().map(({ made_at }) => made_at);
    expect(new Set(times).size).to.equal(times.length);
    expect([...times].sort().at(-1)).to.equal('2026-03-02T00:20:00.000Z');
    expect(backend.deadLetters()).to.deep.equal([]);
  });

  it('learns anew from what was imported, beside the present model, and keeps it over a crash', async () => {
    const { start, measure, forecasts, remember, announceImport, clock } = await createWorld();
    await remember(0);
    const first = await start('a');
    await measure(3);
    expect(forecasts().at(-1)?.model).to.equal('fading_average');
    await remember(6);
    // Batch after batch: nothing is learned before they have come to an end, and no forecast is left out meanwhile.
    for (let batch = 0; batch < 4; batch++) {
      await announceImport(new Date(clock.nowMs()).toISOString());
      await clock.advance(1000);
    }
    await measure(3);
    expect(forecasts()).to.have.length(6);
    const wanted = (made: Forecast | undefined) => rateAt(Date.parse(made?.made_at ?? '') + 24.5 * 900_000);
    expect(forecasts().at(-1)?.mean[24]).to.be.closeTo(wanted(forecasts().at(-1)), 1.5);
    first.crash();
    await remember(0);
    await start('b');
    await measure(3);
    expect(forecasts().at(-1)?.mean[24]).to.be.closeTo(wanted(forecasts().at(-1)), 1.5);
  });

  it('learns after a restart from what was imported while nobody was there', async () => {
    const { start, measure, forecasts, remember, announceImport, clock } = await createWorld();
    await remember(0);
    const first = await start('a');
    await measure(4);
    first.crash();
    await remember(6);
    await announceImport(new Date(clock.nowMs()).toISOString());
    await start('a');
    await measure(3);
    const newest = forecasts().at(-1) as Forecast;
    expect(newest.mean[24]).to.be.closeTo(rateAt(Date.parse(newest.made_at) + 24.5 * 900_000), 1.5);
  });

  it('refuses an unknown pool, and says when nothing has been measured', async () => {
    const { start, ask } = await createWorld();
    await start('a');
    expect(await ask('shop/none')).to.equal('not_found');
    expect(await ask('shop/mail')).to.equal('not_enough_data');
  });
});
