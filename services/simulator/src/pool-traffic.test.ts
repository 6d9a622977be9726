import { isCapacityError } from '@capplan/contracts';
import { readScenario } from '@capplan/simulation';
import { expect } from 'chai';
import { type AskOwner, withPoolTraffic } from './pool-traffic.ts';

const nowMs = Date.parse('2026-01-05T12:00:00Z');
const base = {
  horizon: '1h',
  service: { distribution: 'exponential', mean: '1s' },
  capacity: { workers: 8 },
};
const asked: unknown[] = [];
const point = (minute: number, rate: number) => ({
  timestamp: new Date(nowMs - 3_600_000 + minute * 60_000).toISOString(),
  interval_s: 60,
  arrival_rate: rate,
});
const ask: AskOwner = async (name, data) => {
  asked.push([name, data]);
  const reply =
    name === 'load.history'
      ? { pool: 'shop/mail', every_s: 60, points: [point(0, 1), point(1, 2), point(4, 3)] }
      : { step_s: 900, mean: [4, 5], intervals: [{ level: 0.9, lower: [3, 4], upper: [6, 7] }] };
  return reply as never;
};
const resolve = (traffic: object) =>
  withPoolTraffic({ ...base, traffic }, { ask, nowMs }) as Promise<{ traffic: Record<string, unknown> }>;

describe('withPoolTraffic', () => {
  it('writes out the recorded history of a pool, gaps repeated', async () => {
    const scenario = await resolve({ pattern: 'recorded', pool: 'shop/mail', scale: 2 });
    expect(scenario.traffic).to.deep.equal({
      pattern: 'recorded',
      scale: 2,
      step: 60,
      counts: [60, 120, 120, 120, 180],
    });
    expect(readScenario(scenario).ok).to.equal(true);
  });

  it('writes out the forecast of a pool with its uncertainty', async () => {
    const scenario = await resolve({ patterns: [{ pattern: 'forecast', pool: 'shop/mail' }] });
    const read = readScenario(scenario);
    expect(read.ok ? [] : read.problems).to.deep.equal([]);
    expect(JSON.stringify(scenario)).to.contain('"0.9500":[6,7]');
  });

  it('reads times in UTC where they name no zone, wherever the machine stands', async () => {
    const machineZone = process.env.TZ;
    try {
      for (const zone of ['America/New_York', 'Asia/Tokyo', 'UTC']) {
        process.env.TZ = zone;
        for (const [from, to] of [
          ['2026-01-05T06:00:00', '2026-01-05 07:00'],
          ['2026-01-05T06:00:00Z', '2026-01-05T07:00:00Z'],
          ['2026-01-05T07:00:00+01:00', '2026-01-05T02:00:00-05:00'],
        ]) {
          await resolve({ pattern: 'recorded', pool: 'shop/mail', from, to });
          expect(asked.at(-1), `${from} in ${zone}`).to.deep.equal([
            'load.history',
            { pool: 'shop/mail', from: '2026-01-05T06:00:00.000Z', to: '2026-01-05T07:00:00.000Z', every_s: 15 },
          ]);
        }
      }
    } finally {
      if (machineZone === undefined) delete process.env.TZ;
      else process.env.TZ = machineZone;
    }
  });

  it('leaves every other scenario as it is', async () => {
    const scenario = { ...base, traffic: { pattern: 'constant', rate: 3 } };
    expect(await withPoolTraffic(scenario, { ask, nowMs })).to.deep.equal(scenario);
    expect(await withPoolTraffic('nonsense', { ask, nowMs })).to.equal('nonsense');
  });

  it('says which field is off', async () => {
    const code = (traffic: object) =>
      resolve(traffic).then(
        () => 'taken',
        (error) => (isCapacityError(error) ? error.message : String(error)),
      );
    expect(await code({ pattern: 'recorded', pool: 'shop/mail', from: 'yesterday' })).to.contain('traffic.from');
    expect(await code({ pattern: 'recorded', pool: 'shop/mail', to: '2026-02-30' })).to.contain('traffic.to');
    expect(await code({ pattern: 'recorded', pool: 'shop/mail', from: 1767592800 })).to.contain('traffic.from');
    expect(await code({ pattern: 'constant', pool: 'shop/mail' })).to.contain('traffic.pool');
  });
});
