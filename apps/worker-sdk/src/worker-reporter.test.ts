import { check, ingestCatalogue, type JobReport } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createVirtualClock } from '@capplan/runtime';
import { sketchFromWire } from '@capplan/sketch';
import { expect } from 'chai';
import fc from 'fast-check';
import { createMemoryTransport } from './adapters/memory-transport.ts';
import { createWorkerReporter } from './worker-reporter.ts';

function createRig() {
  const clock = createVirtualClock({ startMs: 1_789_000_000_000 });
  const transport = createMemoryTransport();
  const reporter = createWorkerReporter({
    transport,
    pool: 'shop/mail',
    worker: 'w-1',
    concurrency: 4,
    clock,
    random: createRandomStream(3),
  });
  const jobReports = (): JobReport[] =>
    transport.stored.flatMap(({ kind, report }) => (kind === 'job' ? [report.data as JobReport] : []));
  const heartbeats = () => transport.stored.filter(({ kind }) => kind === 'heartbeat').map(({ report }) => report.data);
  const start = async (): Promise<void> => {
    const started = reporter.start();
    await clock.advance(5000);
    await started;
  };
  const work = (jobs: number, ok = true): void => {
    for (let i = 0; i < jobs; i++) {
      reporter.jobStarted();
      reporter.jobFinished({ waitSec: 0.5, serviceSec: 2, ok });
    }
  };
  return { clock, transport, reporter, jobReports, heartbeats, start, work };
}

const total = (reports: readonly JobReport[]): number => reports.reduce((sum, { completed }) => sum + completed, 0);

describe('createWorkerReporter', () => {
  it('says that it is there, what it does, and that it leaves', async () => {
    const { clock, transport, reporter, jobReports, heartbeats, start, work } = createRig();
    await start();
    reporter.jobStarted();
    work(3);
    work(1, false);
    await clock.advance(5000);
    await clock.waitFor(reporter.stop());
    for (const { kind, report } of transport.stored) {
      expect(check(ingestCatalogue[kind], report.data)).to.deep.include({ ok: true });
    }
    expect(heartbeats()[0]).to.deep.include({ busy: 0, leaving: false, concurrency: 4 });
    expect(heartbeats().at(-1)).to.deep.include({ busy: 1, leaving: true, draining: true });
    const [report] = jobReports();
    expect(report).to.deep.include({ completed: 3, failed: 1, retried: 0 });
    const service = sketchFromWire(report?.service_time);
    expect(service.ok && service.sketch.sum).to.equal(8);
    const response = sketchFromWire(report?.response_time);
    expect(response.ok && response.sketch.count).to.equal(3);
  });

  it('merges what it could not say, and says it once', async () => {
    const { clock, transport, reporter, jobReports, start, work } = createRig();
    await start();
    transport.condition = 'down';
    for (let i = 0; i < 50; i++) {
      work(10);
      await clock.advance(5000);
    }
    expect(total(jobReports())).to.equal(0);
    transport.condition = 'lost_answer';
    await clock.advance(20_000);
    transport.condition = 'up';
    await clock.advance(10_000);
    expect(total(jobReports())).to.equal(500);
    expect(jobReports()).to.have.length(2);
    await clock.waitFor(reporter.stop());
  });

  it('loses and repeats no job, whatever the transport does', async () => {
    const step = fc.record({
      condition: fc.constantFrom('up' as const, 'down' as const, 'lost_answer' as const),
      jobs: fc.integer({ min: 0, max: 50 }),
      waitMs: fc.integer({ min: 0, max: 12_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { clock, transport, reporter, jobReports, start, work } = createRig();
        await start();
        let done = 0;
        for (const { condition, jobs, waitMs } of steps) {
          transport.condition = condition;
          work(jobs);
          done += jobs;
          await clock.advance(waitMs);
        }
        transport.condition = 'up';
        await clock.waitFor(reporter.stop());
        expect(total(jobReports())).to.equal(done);
        const sequences = transport.stored.map(({ report }) => report.cause);
        expect(new Set(sequences).size).to.equal(sequences.length);
      }),
      { numRuns: 60 },
    );
  });

  it('covers time without gap or overlap', async () => {
    const { clock, reporter, jobReports, start, work } = createRig();
    await start();
    for (let i = 0; i < 5; i++) {
      work(1);
      await clock.advance(5000);
    }
    await clock.waitFor(reporter.stop());
    const reports = jobReports();
    for (let i = 1; i < reports.length; i++) expect(reports[i]?.from).to.equal(reports[i - 1]?.to);
  });

  it('gives up saying goodbye after a while, so that a worker can always stop', async () => {
    const { clock, transport, reporter, start } = createRig();
    await start();
    transport.condition = 'down';
    const before = clock.nowMs();
    await clock.waitFor(reporter.stop({ waitMs: 1500 }));
    expect(clock.nowMs() - before).to.be.at.most(2000);
  });

  it('counts a job whose times are broken, without its times', async () => {
    const { clock, reporter, jobReports, start } = createRig();
    await start();
    reporter.jobFinished({ waitSec: -1, serviceSec: Number.NaN, ok: true });
    await clock.advance(5000);
    expect(jobReports()[0]).to.deep.include({ completed: 1 });
    expect(jobReports()[0]).not.to.have.any.keys('service_time', 'wait_time', 'response_time');
    expect(reporter.busy).to.equal(0);
    await clock.waitFor(reporter.stop());
  });

  it('does not share a number between two lives of one worker', async () => {
    const first = createRig();
    await first.start();
    first.work(1);
    await first.clock.advance(60_000);
    const clock = first.clock;
    const transport = createMemoryTransport();
    const again = createWorkerReporter({
      transport,
      pool: 'shop/mail',
      worker: 'w-1',
      concurrency: 4,
      clock,
      random: createRandomStream(3),
    });
    await clock.waitFor(again.flush());
    const known = new Set(first.transport.stored.map(({ report }) => report.cause));
    expect(transport.stored.some(({ report }) => known.has(report.cause))).to.equal(false);
  });
});
