import { timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { emptyMemory, type Observation, type WindowReport } from '../observe/observation.ts';
import type { WindowStore } from '../ports.ts';

const POOL = 'shop/mail';
const at = timestamp(1_789_000_000_000);
const nowMs = 1_789_000_000_000;
const keepAll = { forgetWorkersBeforeMs: 0, nowMs };

function job(sequence: number, worker = 'w1'): WindowReport {
  const data = { pool: POOL, worker, sequence, from: at, to: at, completed: sequence, failed: 0 };
  return { kind: 'job', data };
}

function heartbeat(sequence: number, timeMs: number, busy: number): WindowReport {
  const state = { concurrency: 4, busy, draining: false, leaving: false };
  return { kind: 'heartbeat', data: { pool: POOL, worker: 'w1', sequence, time: timestamp(timeMs), ...state } };
}

function observation(window: number, arrivalRatePerSec = 1): Observation {
  const memory = { ...emptyMemory(), arrivalRatePerSec };
  return { window, snapshot: { pool: POOL } as Observation['snapshot'], memory };
}

const counts = (reports: readonly WindowReport[]): number[] =>
  reports.flatMap((report) => (report.kind === 'job' ? [report.data.completed] : [])).sort((a, b) => a - b);

/** What every `WindowStore` has to keep. `create` gives an empty one. */
export function describeWindowStoreConformance(name: string, create: () => Promise<WindowStore>): void {
  describe(`${name} as a WindowStore`, () => {
    let store: WindowStore;
    beforeEach(async () => {
      store = await create();
    });
    const put = (report: WindowReport, ownWindow: number, window = ownWindow) => {
      const receivedAtMs = report.kind === 'heartbeat' ? Date.parse(report.data.time) : nowMs;
      return store.put(POOL, report, { ownWindow, window, receivedAtMs, clockAheadMs: 0 });
    };

    it('hands over what was put into a window, and the same when it is closed again', async () => {
      await put(job(1), 10);
      await put(job(2), 10);
      await put(job(3), 11);
      for (let i = 0; i < 2; i++) {
        const closed = await store.close(POOL, 10, keepAll);
        expect(counts(closed.reports)).to.deep.equal([1, 2]);
        expect(closed.previous).to.equal(undefined);
      }
      expect((await store.close('shop/other', 10, keepAll)).reports).to.deep.equal([]);
    });

    it('adds a report once, however often it comes, also after its window has closed', async () => {
      expect(await put(job(1), 10)).to.equal(true);
      expect(await put(job(1), 10)).to.equal(false);
      await store.close(POOL, 10, keepAll);
      expect(await put(job(1), 10)).to.equal(false);
      expect(await put(job(1, 'w2'), 10)).to.equal(true);
      expect((await store.close(POOL, 11, keepAll)).reports).to.have.length(1);
    });

    it('puts what comes after its window closed into the next one, late when it is older than that', async () => {
      await store.close(POOL, 10, keepAll);
      await put(job(1), 10);
      await put(job(2), 9);
      const { reports } = await store.close(POOL, 11, keepAll);
      expect(reports.filter((report) => report.late)).to.have.length(1);
      expect(reports).to.have.length(2);
      expect(reports.find(({ late }) => late)?.data.sequence).to.equal(2);
    });

    it('puts what comes from the future where it is told to', async () => {
      await put(job(1), 99, 10);
      expect((await store.close(POOL, 10, keepAll)).reports).to.have.length(1);
    });

    it('keeps the newest heartbeat of each worker, in whatever order they come, and forgets old ones', async () => {
      await put(heartbeat(2, nowMs, 3), 10);
      await put(heartbeat(1, nowMs - 5000, 1), 10);
      const { workers } = await store.close(POOL, 10, keepAll);
      expect(workers).to.have.length(1);
      expect(workers[0]).to.deep.include({ worker: 'w1', seenAtMs: nowMs, busy: 3, concurrency: 4, backlog: null });
      expect((await store.close(POOL, 11, { forgetWorkersBeforeMs: nowMs + 1, nowMs })).workers).to.deep.equal([]);
    });

    it('shows the newest heartbeat of each worker at any time, and none of a pool that nobody knows', async () => {
      await put(heartbeat(1, nowMs, 1), 10);
      await put(heartbeat(2, nowMs + 5000, 3), 10);
      expect((await store.workers(POOL)).map(({ worker, busy }) => ({ worker, busy }))).to.deep.equal([
        { worker: 'w1', busy: 3 },
      ]);
      expect(await store.workers('shop/other')).to.deep.equal([]);
    });

    it('lets the first one settle a window, and tells everybody what that was', async () => {
      const first = await store.settle(POOL, observation(10, 1));
      const second = await store.settle(POOL, observation(10, 2));
      expect(first.memory.arrivalRatePerSec).to.equal(1);
      expect(second).to.deep.equal(first);
      expect(await store.settled(POOL)).to.deep.equal(first);
      expect((await store.settle(POOL, observation(9, 3))).window).to.equal(10);
      expect((await store.close(POOL, 11, keepAll)).previous).to.deep.equal(first);
      expect((await store.close(POOL, 10, keepAll)).previous).to.equal(undefined);
    });

    it('lets go of a window’s reports when it is settled, and recognises them still', async () => {
      await put(job(1), 10);
      await store.close(POOL, 10, keepAll);
      await store.settle(POOL, observation(10));
      expect((await store.close(POOL, 10, keepAll)).reports).to.deep.equal([]);
      expect(await put(job(1), 10)).to.equal(false);
      await put(job(2), 10);
      expect(counts((await store.close(POOL, 11, keepAll)).reports)).to.deep.equal([2]);
    });

    it('says since when it has known a pool: another moment once it was emptied', async () => {
      const since = async (atMs: number) => (await store.close(POOL, 10, { ...keepAll, nowMs: atMs })).knownSinceMs;
      expect(await since(nowMs)).to.equal(nowMs);
      expect(await since(nowMs + 15_000)).to.equal(nowMs);
      await store.forget(POOL);
      expect(await since(nowMs + 30_000)).to.equal(nowMs + 30_000);
    });

    it('judges a worker by when its heartbeat was received, whatever its clock says', async () => {
      const placement = { ownWindow: 20, window: 10, receivedAtMs: nowMs, clockAheadMs: 150_000 };
      await store.put(POOL, heartbeat(1, nowMs + 150_000, 1), placement);
      const later = { ownWindow: 10, window: 10, receivedAtMs: nowMs + 5000, clockAheadMs: 0 };
      await store.put(POOL, heartbeat(2, nowMs + 5000, 3), later);
      const { reports, workers } = await store.close(POOL, 10, keepAll);
      expect(reports.map(({ late }) => late)).to.deep.equal([false, false]);
      expect(workers[0]).to.deep.include({ busy: 3, seenAtMs: nowMs + 5000, clockAheadMs: 0 });
    });

    it('loses no report between puts and closings that cross', async () => {
      const total = 200;
      const putting = Array.from({ length: total }, (_, i) => put(job(i), 10 + Math.floor(i / 20)));
      const closing = Array.from({ length: 30 }, (_, i) => store.close(POOL, 10 + i, keepAll));
      await Promise.all(putting);
      await Promise.all(closing);
      let found = 0;
      for (let window = 10; window <= 60; window++) {
        found += (await store.close(POOL, window, keepAll)).reports.length;
      }
      expect(found).to.equal(total);
    });

    it('forgets a pool', async () => {
      await put(heartbeat(1, 1_789_000_000_000, 1), 10);
      await store.settle(POOL, observation(10));
      await store.forget(POOL);
      expect(await store.settled(POOL)).to.equal(undefined);
      expect((await store.close(POOL, 11, keepAll)).workers).to.deep.equal([]);
    });
  });
}
