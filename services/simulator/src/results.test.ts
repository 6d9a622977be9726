import { jsonBytes, recordBytesMax } from '@capplan/contracts';
import { createMemoryBackend, createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import type { SimulationTask } from './ports.ts';
import { createResults, type ResultBounds } from './results.ts';

function open(bounds: ResultBounds) {
  const clock = createVirtualClock({ startMs: Date.parse('2026-01-05T12:00:00Z') });
  const { cache } = createMemoryBackend({ clock }).context('simulator');
  const results = createResults({ cache, clock, keepSec: 3_600, ...bounds });
  const wait = <T>(work: Promise<T>) => clock.waitFor(work);
  const keep = (name: string, result: unknown) => wait(results.keep(task(name), result));
  const find = (name: string) => wait(results.find(results.idOf(task(name))));
  return { clock, cache, results, wait, keep, find };
}

const task = (name: string): SimulationTask => ({ kind: 'simulate', scenario: { name } });

describe('createResults', () => {
  it('keeps the newest results, and no more of them than may be', async () => {
    const w = open({ countMax: 3, bytesMax: 1e6 });
    for (const name of ['a', 'b', 'c', 'a', 'd']) await w.keep(name, { pools: [] });
    expect(await w.find('b')).to.equal(undefined);
    for (const name of ['a', 'c', 'd']) expect((await w.find(name))?.request, name).to.deep.equal({ name });
  });

  it('keeps no more bytes than may be, and the newest one in any case', async () => {
    const w = open({ countMax: 100, bytesMax: 10_000 });
    for (const name of ['a', 'b', 'c', 'd']) await w.keep(name, { text: 'x'.repeat(4_000) });
    const found: boolean[] = [];
    for (const name of ['a', 'b', 'c', 'd']) found.push((await w.find(name)) !== undefined);
    expect(found).to.deep.equal([false, false, true, true]);
    await w.keep('e', { text: 'x'.repeat(50_000) });
    expect(await w.find('d')).to.equal(undefined);
    expect((await w.find('e'))?.id).to.equal(w.results.idOf(task('e')));
  });

  it('keeps what several put at once', async () => {
    const w = open({ countMax: 100, bytesMax: 1e6 });
    const names = ['a', 'b', 'c', 'd', 'e'];
    await w.wait(Promise.all(names.map((name) => w.results.keep(task(name), { pools: [] }))));
    for (const name of names) expect(await w.find(name), name).to.not.equal(undefined);
  });

  it('shortens what was kept before there was a bound, so that it can be answered', async () => {
    const w = open({ countMax: 100, bytesMax: 1e9 });
    const timeline = { start_sec: Array.from({ length: 200_000 }, (_, i) => i * 60) };
    const old = { id: w.results.idOf(task('old')), status: 'done', result: { pools: [{ timeline }] } };
    await w.wait(w.cache.set(`simulator:result:${old.id}`, Buffer.from(JSON.stringify({ ...old, request: {} }))));
    expect(jsonBytes(await w.find('old'))).to.be.at.most(recordBytesMax);
  });
});
