import { Writable } from 'node:stream';
import { CapacityError } from '@capplan/contracts';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { createHealth } from './health.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createTracer, presentTrace } from './tracer.ts';

describe('createTracer', () => {
  const exporter = new InMemorySpanExporter();
  const tracer = createTracer({ service: 'test', processors: [new SimpleSpanProcessor(exporter)] });
  beforeEach(() => exporter.reset());

  it('carries a trace through headers from one process to another', async () => {
    const headers: Record<string, string> = {};
    let sent = '';
    await tracer.span('say', {}, async () => {
      sent = presentTrace()?.traceId ?? '';
      tracer.inject(headers);
    });
    expect(headers.traceparent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    let received = '';
    await tracer.continue(headers, () =>
      tracer.span('hear', {}, async () => {
        received = presentTrace()?.traceId ?? '';
      }),
    );
    expect(received).to.equal(sent);
  });

  it('records an error and throws it on', async () => {
    const failure = await tracer
      .span('fail', { key: 'shop/a' }, () => Promise.reject(new Error('no')))
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status.code).to.equal(2);
    expect(span?.events[0]?.name).to.equal('exception');
    expect(span?.attributes.key).to.equal('shop/a');
  });

  it('keeps spans that run at the same time apart', async () => {
    const traces = await Promise.all(
      [1, 2].map((n) =>
        tracer.span(`span ${n}`, {}, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return presentTrace()?.traceId;
        }),
      ),
    );
    expect(traces[0]).not.to.equal(traces[1]);
  });

  it('writes the trace into every line of the log', async () => {
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>);
        done();
      },
    });
    const log = createLog({ service: 'planner', instance: 'a', level: 'info' }, sink);
    log.debug({}, 'not shown');
    const trace = await tracer.span('work', {}, async () => {
      log.info({ pool: 'shop/a', token: 'hidden' }, 'A plan was made');
      return presentTrace()?.traceId;
    });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({
      level: 'info',
      message: 'A plan was made',
      service: 'planner',
      instance: 'a',
      pool: 'shop/a',
      token: '***',
      trace_id: trace,
    });
  });
});

describe('createLog', () => {
  const written = (facts: object): Record<string, unknown> => {
    let text = '';
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString('utf8');
        done();
      },
    });
    createLog({ service: 'planner', instance: 'a' }, sink).warn(facts, 'It failed');
    return JSON.parse(text) as Record<string, unknown>;
  };
  const failure = new CapacityError('unavailable', 'no bus', { cause: new TypeError('no socket') });
  const isWhole = (value: unknown) => {
    expect(value).to.deep.include({ code: 'unavailable', message: 'no bus' });
    expect(value).to.have.property('stack').that.includes('telemetry.test');
    expect(value).to.have.property('cause').that.includes({ message: 'no socket' }).and.has.property('stack');
  };

  for (const [where, facts, at] of [
    ['as `error`', { error: failure }, 'error'],
    ['as `err`', { err: failure }, 'err'],
    ['inside other facts', { answer: { failures: [failure] } }, 'answer.failures[0]'],
    ['as one of several', { error: new AggregateError([failure], 'all') }, 'error.errors[0]'],
  ] as const) {
    it(`writes an error with code, message, stack and cause: ${where}`, () => {
      const line = written(facts);
      expect(line).to.have.nested.property(at);
      isWhole(at.split(/[.[\]]+/).reduce<unknown>((value, key) => (key === '' ? value : (value as never)[key]), line));
    });
  }

  it('writes an error that is its own cause, and leaves what is no error as it is', () => {
    const loop: Error = new Error('loop');
    loop.cause = loop;
    expect(written({ error: loop })).to.have.nested.property('error.message', 'loop');
    expect(written({ error: 'text', n: 1, at: new Date(0), token: 'secret', none: null })).to.deep.include({
      error: 'text',
      n: 1,
      at: '1970-01-01T00:00:00.000Z',
      token: '***',
      none: null,
    });
  });
});

describe('createMetrics', () => {
  it('gives the same metric for the same name', async () => {
    const metrics = createMetrics();
    metrics.counter('a_total', 'A').add();
    metrics.counter('a_total', 'A').add({}, 2);
    metrics.gauge('b_bytes', 'B', ['x']).set(7, { x: 'y' });
    metrics.histogram('c_seconds', 'C', [], [1, 2]).observe(1.5);
    const text = await metrics.text();
    expect(text)
      .to.include('a_total 3')
      .and.to.include('b_bytes{x="y"} 7')
      .and.to.include('c_seconds_bucket{le="2"} 1');
  });
});

describe('createHealth', () => {
  it('is ready when everything is, and a check that throws is not', () => {
    const health = createHealth();
    expect(health.report()).to.deep.equal({ ready: true, checks: {} });
    health.watch('bus', () => ({ ready: true, detail: 'connected' }));
    expect(health.report().ready).to.equal(true);
    health.watch('store', () => {
      throw new Error('gone');
    });
    expect(health.report()).to.deep.include({ ready: false });
    expect(health.report().checks.store).to.deep.equal({ ready: false, detail: 'Error: gone' });
  });
});
