import { check, ingestCatalogue } from '@capplan/contracts';
import { createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import { createMemoryTransport } from './adapters/memory-transport.ts';
import { createArrivalReporter } from './arrival-reporter.ts';

describe('createArrivalReporter', () => {
  it('reports every interval, also that nothing came, and counts each job once through an outage', async () => {
    const clock = createVirtualClock({ startMs: 1_789_000_000_000 });
    const transport = createMemoryTransport();
    const arrivals = createArrivalReporter({ transport, pool: 'shop/mail', source: 'web', clock });
    arrivals.start();
    arrivals.arrived(7);
    await clock.advance(10_000);
    transport.condition = 'lost_answer';
    arrivals.arrived();
    await clock.advance(10_000);
    transport.condition = 'up';
    arrivals.arrived(Number.NaN);
    arrivals.arrived(2);
    await clock.waitFor(arrivals.stop());
    const reports = transport.stored.map(({ report }) => report.data as { arrived: number });
    expect(reports.reduce((sum, { arrived }) => sum + arrived, 0)).to.equal(10);
    expect(reports.some(({ arrived }) => arrived === 0)).to.equal(true);
    for (const { kind, report } of transport.stored) {
      expect(check(ingestCatalogue[kind], report.data)).to.deep.include({ ok: true });
    }
  });
});
