import { CapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import { createHealth } from '../telemetry/health.ts';
import { createMemoryLog } from '../telemetry/memory-log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createPoolGuard } from './pool-guard.ts';

describe('createPoolGuard', () => {
  const open = () => {
    const surroundings = { name: 'planner', health: createHealth(), log: createMemoryLog(), metrics: createMetrics() };
    const guard = createPoolGuard(surroundings);
    const detail = () => surroundings.health.report().checks.pools;
    return { ...surroundings, guard, detail };
  };
  const broken = (message = 'no such zone') => {
    throw new RangeError(message);
  };

  it('gives back what the work gives back', async () => {
    const { guard, detail } = open();
    expect(await guard.run('a/b', () => 7)).to.equal(7);
    expect(await guard.run('a/b', async () => 8)).to.equal(8);
    expect(detail()).to.deep.equal({ ready: true, detail: 'none is skipped' });
  });

  it('skips a pool whose work fails of itself, names it in health and counts it, and stays ready', async () => {
    const { guard, detail, metrics } = open();
    expect(await guard.run('a/b', () => broken())).to.equal(undefined);
    expect(await guard.run('a/c', async () => Promise.reject(new CapacityError('invalid_input', 'off')))).to.equal(
      undefined,
    );
    expect(detail()?.ready).to.equal(true);
    expect(detail()?.detail).to.contain('2 skipped').and.contain('a/b (RangeError: no such zone)').and.contain('a/c');
    const text = await metrics.text();
    expect(text).to.contain('capacity_planner_pools_skipped_total{service="planner",reason="RangeError"} 1');
    expect(text).to.contain('{service="planner",reason="invalid_input"} 1');
  });

  it('logs each cause once', async () => {
    const { guard, log } = open();
    for (let i = 0; i < 5; i++) await guard.run('a/b', () => broken());
    expect(log.lines()).to.have.length(1);
    await guard.run('a/b', () => broken('something else'));
    expect(log.lines()).to.have.length(2);
  });

  it('throws on what may work the next time', async () => {
    const { guard, detail } = open();
    const error = new CapacityError('unavailable', 'no bus');
    expect(await guard.run('a/b', () => Promise.reject(error)).catch((thrown: unknown) => thrown)).to.equal(error);
    expect(detail()?.detail).to.equal('none is skipped');
  });

  it('no longer names a pool whose work is done again, or that is no more', async () => {
    const { guard, detail } = open();
    await guard.run('a/b', () => broken());
    await guard.run('a/b', () => 1);
    expect(detail()?.detail).to.equal('none is skipped');
    await guard.run('a/b', () => broken());
    guard.forget('a/b');
    expect(detail()?.detail).to.equal('none is skipped');
  });

  it('names a few of many', async () => {
    const { guard, detail } = open();
    for (let i = 0; i < 100; i++) await guard.run(`a/${i}`, () => broken('x'.repeat(10_000)));
    expect(detail()?.detail).to.contain('100 skipped').and.contain('and 95 more');
    expect(detail()?.detail.length).to.be.below(1_500);
  });

  it('takes every figure of a pool that is no more away, and no other', async () => {
    const { guard, metrics } = open();
    for (const pool of ['a/b', 'a/bc']) {
      metrics.gauge('level', 'Level', ['pool', 'kind']).set(1, { pool, kind: 'x' });
      metrics.gauge('level', 'Level', ['pool', 'kind']).set(2, { pool, kind: 'y' });
      metrics.counter('times_total', 'Times', ['pool']).add({ pool });
      metrics.histogram('took_seconds', 'Took', ['pool'], [1, 2]).observe(1, { pool });
    }
    guard.forget('a/b');
    await new Promise((resolve) => setImmediate(resolve));
    const text = await metrics.text();
    expect(text).not.to.include('"a/b"');
    expect(text.match(/"a\/bc"/g)).to.have.length(8);
  });
});
