import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CapacityError, isCapacityError } from '@capplan/contracts';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { createMemoryLog } from '../telemetry/memory-log.ts';
import { createTracer, presentTrace } from '../telemetry/tracer.ts';
import { connectGrpc, type GrpcClient } from './connect-grpc.ts';
import { fromGrpcError, toGrpcError } from './grpc-errors.ts';
import { type GrpcCall, type GrpcHandler, type GrpcServer, serveGrpc } from './serve-grpc.ts';

const service = {
  protoFile: 'capacity/simulation/v1/simulation.proto',
  service: 'capacity.simulation.v1.SimulationService',
};
const figures = { slo_attainment: 0.99, max_backlog: 3, p95_response_s: 1.5, worker_hours: 2, cost: 4, jobs: 10 };

describe('serveGrpc and connectGrpc', () => {
  const tracer = createTracer({ service: 'test' });
  const log = createMemoryLog();
  let server: GrpcServer;
  let client: GrpcClient;
  const lastCall: { signal?: AbortSignal; trace?: string | undefined; deadlineMs?: number | undefined } = {};

  const open = async (handlers: Record<string, GrpcHandler>, maxMessageBytes?: number) => {
    const limits = maxMessageBytes === undefined ? {} : { maxMessageBytes };
    const unused: GrpcHandler = async () => ({});
    const all = { Simulate: unused, SimulateStream: unused, Compare: unused, ...handlers };
    server = await serveGrpc({ ...service, handlers: all, host: '127.0.0.1', port: 0, log, tracer, ...limits });
    client = connectGrpc({ ...service, address: `127.0.0.1:${server.port}`, tracer });
  };
  afterEach(async () => {
    client?.close();
    await server?.stop(200);
  });

  it('carries a request and its reply with the names as written', async () => {
    await open({
      Simulate: async (request: { scenario_json: string }) => ({
        id: 'a',
        figures,
        result_json: request.scenario_json,
        created_at: 'now',
      }),
    });
    const reply = await client.call('Simulate', { scenario_json: '{"x":1}' });
    expect(reply).to.deep.equal({ id: 'a', figures, result_json: '{"x":1}', created_at: 'now' });
  });

  it('brings a refusal with its own code and detail, and hides what an unexpected error says', async () => {
    await open({
      Simulate: async () => {
        throw new CapacityError('cost_limit_exceeded', 'too dear', { detail: { limit: 7 } });
      },
      Compare: async () => {
        throw new TypeError('a secret');
      },
    });
    const refused = await client.call('Simulate', {}).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(CapacityError);
    expect(refused).to.deep.include({ code: 'cost_limit_exceeded', message: 'too dear', detail: { limit: 7 } });
    const broken = (await client.call('Compare', {}).catch((error: unknown) => error)) as CapacityError;
    expect(broken.code).to.equal('internal');
    expect(broken.message).not.to.include('secret');
    expect(log.lines().map(({ facts }) => String((facts as { error?: unknown }).error))).to.include(
      'TypeError: a secret',
    );
  });

  it('streams, and tells the handler when the caller leaves', async () => {
    await open({
      async *SimulateStream(_request: never, call: GrpcCall) {
        lastCall.signal = call.signal;
        for (let i = 0; i < 1_000_000; i++) {
          yield { progress: { fraction: i / 1_000_000, at_s: i, points: [] } };
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    });
    const seen: number[] = [];
    for await (const { progress } of client.stream<{ progress: { at_s: number } }>('SimulateStream', {})) {
      seen.push(progress.at_s);
      if (seen.length === 3) break;
    }
    expect(seen).to.deep.equal([0, 1, 2]);
    for (let tries = 0; tries < 200 && !lastCall.signal?.aborted; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(lastCall.signal?.aborted).to.equal(true);
  });

  it('ends a stream with the error that its handler threw', async () => {
    await open({
      // biome-ignore lint/correctness/useYield: it fails before it has anything to say
      async *SimulateStream() {
        throw new CapacityError('busy', 'all engines are at work');
      },
    });
    const read = async () => {
      for await (const _ of client.stream('SimulateStream', {}));
    };
    const outcome = await read().catch((error: unknown) => error);
    expect(isCapacityError(outcome, 'busy')).to.equal(true);
  });

  it('gives up at the deadline, or when the caller does', async () => {
    await open({
      Simulate: async (_request: never, call: GrpcCall) => {
        lastCall.deadlineMs = call.deadlineMs;
        return new Promise((resolve) => call.signal.addEventListener('abort', () => resolve({})));
      },
    });
    const late = await client.call('Simulate', {}, { timeoutMs: 100 }).catch((error: unknown) => error);
    expect(isCapacityError(late, 'deadline_exceeded')).to.equal(true);
    expect(lastCall.deadlineMs).to.be.closeTo(Date.now(), 5_000);
    const gone = new AbortController();
    const call = client.call('Simulate', {}, { signal: gone.signal }).catch((error: unknown) => error);
    gone.abort();
    expect(isCapacityError(await call, 'cancelled')).to.equal(true);
  });

  it('says unavailable when nobody serves', async () => {
    await open({});
    await server.stop();
    const outcome = await client.call('Simulate', {}, { timeoutMs: 2_000 }).catch((error: unknown) => error);
    expect(isCapacityError(outcome, 'unavailable')).to.equal(true);
  });

  it('refuses a message that is larger than allowed', async () => {
    await open({ Simulate: async () => ({}) }, 1_000);
    const outcome = await client
      .call('Simulate', { scenario_json: 'x'.repeat(2_000) })
      .catch((error: unknown) => error);
    expect(isCapacityError(outcome, 'too_large')).to.equal(true);
  });

  it('answers with an error where the answer cannot be sent, whatever stands in it', async () => {
    const hostile = ['a lone \ud800 surrogate', 'line\r\nbreak', 'größer ≥ 1 €', '€'.repeat(100_000), '\0'];
    await open({
      Simulate: async ({ scenario_json: index }: { scenario_json: string }) => {
        throw new CapacityError('invalid_input', hostile[Number(index)] as string, { detail: hostile });
      },
      // biome-ignore lint/correctness/useYield: it fails before it has anything to say
      async *SimulateStream({ scenario_json: index }: { scenario_json: string }) {
        throw new CapacityError('invalid_input', hostile[Number(index)] as string);
      },
      Compare: async () => ({
        id: 7,
        figures: 'none',
        get result_json() {
          throw new TypeError('cannot be read');
        },
      }),
    });
    for (const index of hostile.keys()) {
      const request = { scenario_json: String(index) };
      const refused = await client.call('Simulate', request).catch((error: unknown) => error);
      expect(isCapacityError(refused, 'invalid_input'), `${index}: ${String(refused)}`).to.equal(true);
      const read = async () => {
        for await (const _ of client.stream('SimulateStream', request));
      };
      const ended = await read().catch((error: unknown) => error);
      expect(isCapacityError(ended, 'invalid_input'), `${index}: ${String(ended)}`).to.equal(true);
    }
    const refused = (await client.call('Simulate', { scenario_json: '2' }).catch((error) => error)) as CapacityError;
    expect(refused.message).to.equal(hostile[2]);
    const unsent = await client.call('Compare', {}).catch((error: unknown) => error);
    expect(isCapacityError(unsent, 'internal')).to.equal(true);
  });

  it('answers too_large where the reply is larger than allowed', async () => {
    await open({ Simulate: async () => ({ result_json: 'x'.repeat(2_000) }) }, 1_000);
    const outcome = await client.call('Simulate', {}).catch((error: unknown) => error);
    expect(isCapacityError(outcome, 'too_large')).to.equal(true);
  });

  it('carries the trace of the caller to the handler', async () => {
    await open({
      Simulate: async () => {
        lastCall.trace = presentTrace()?.traceId;
        return {};
      },
    });
    const trace = await tracer.span('outer', {}, async () => {
      await client.call('Simulate', {});
      return presentTrace()?.traceId;
    });
    expect(trace).to.match(/^[0-9a-f]{32}$/);
    expect(lastCall.trace).to.equal(trace);
  });

  it('answers the standard health check', async () => {
    await open({});
    const health = connectGrpc({
      address: `127.0.0.1:${server.port}`,
      protoFile: 'health/v1/health.proto',
      service: 'grpc.health.v1.Health',
      tracer,
      protoRoot: join(dirname(createRequire(import.meta.url).resolve('grpc-health-check/package.json')), 'proto'),
    });
    expect(await health.call('Check', { service: service.service })).to.deep.equal({ status: 'SERVING' });
    server.setServing(false);
    expect(await health.call('Check', { service: '' })).to.deep.equal({ status: 'NOT_SERVING' });
    health.close();
  });
});

describe('toGrpcError and fromGrpcError', () => {
  it('know what a standard status means when nothing else was sent', () => {
    const error = Object.assign(new Error('gone'), { code: status.NOT_FOUND, details: 'no such thing' });
    expect(fromGrpcError(error)).to.include({ code: 'not_found', message: 'no such thing' });
  });

  it('leave out a detail that would not fit a header', () => {
    const large = new CapacityError('invalid_input', 'many problems', { detail: 'x'.repeat(10_000) });
    const sent = toGrpcError(large, 'test');
    expect(sent.code).to.equal(status.INVALID_ARGUMENT);
    expect(sent.metadata?.get('capacity-error-detail-bin')).to.deep.equal([]);
  });
});
