import { connect } from 'node:net';
import { CapacityError, type Plan, type Policy, type RequestName } from '@capplan/contracts';
import {
  createMemoryBackend,
  createVirtualClock,
  type MemoryBackend,
  type MemoryContext,
  type VirtualClock,
} from '@capplan/runtime';
import { expect } from 'chai';
import type { FastifyInstance } from 'fastify';
import { createLocalTokens, generateLocalKey, type LocalTokens } from './adapters/jose-tokens.ts';
import { createNoSimulations } from './adapters/no-simulations.ts';
import { buildApp } from './app.ts';
import type { GatewayConfig } from './config.ts';
import type { Owners, Simulations } from './ports.ts';

const config: GatewayConfig = {
  host: '127.0.0.1',
  port: 0,
  requestsPerMinute: 100,
  historyBatchesPerMinute: 5,
  bodyLimitBytes: 65_536,
  askTimeoutMs: 1000,
  simulatorUrl: '',
  jwksUrl: '',
  localKeyFile: '',
  issuer: 'capacity-planner',
  audience: 'capacity-planner',
};
const api = '/api/v1/capacity';
const plan = {
  id: 'plan-1',
  pool: 'shop/checkout',
  cost_impact: { net_savings: 126 },
  rationale: 'because',
} as unknown as Plan;
const draft = {
  id: 'night',
  name: 'Night',
  mode: 'manual',
  slo: { p95_latency: '5s' },
  scaling: { min_workers: 1, max_workers: 9 },
};

describe('the gateway', () => {
  let clock: VirtualClock;
  let backend: MemoryBackend;
  let gateway: MemoryContext;
  let tokens: LocalTokens;
  let app: FastifyInstance;
  let asked: { name: RequestName; data: unknown; actor: string; id: string | undefined }[];
  let answer: (name: RequestName, data: never) => unknown;
  let simulate: ((signal: AbortSignal) => Promise<never>) | undefined;

  before(async () => {
    tokens = await createLocalTokens(await generateLocalKey(), config);
  });

  beforeEach(async () => {
    clock = createVirtualClock({ startMs: Date.UTC(2026, 0, 5) });
    backend = createMemoryBackend({ clock });
    gateway = backend.context('gateway');
    asked = [];
    answer = (name, data) => (name === 'policy.put' ? (data as { policy: Policy }).policy : plan);
    const owners: Owners = {
      ask: async (name, data, options) => {
        asked.push({ name, data, actor: options.actor.id, id: options.id });
        return answer(name, data as never) as never;
      },
    };
    simulate = undefined;
    const none = createNoSimulations();
    const simulations: Simulations = {
      ...none,
      simulate: (scenario, call) => (simulate ? simulate(call.signal) : none.simulate(scenario, call)),
    };
    app = await buildApp(gateway, config, { tokens, owners, simulations });
  });

  afterEach(() => app.close());

  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    options: { role?: string; body?: unknown; headers?: Record<string, string>; subject?: string } = {},
  ) => {
    const { role = 'admin', body, headers = {}, subject = 'ada' } = options;
    const token = role === 'nobody' ? '' : await tokens.issue({ subject, roles: [role] }, Date.now());
    return app.inject({
      method,
      url: path.startsWith('/api') ? path : `${api}${path}`,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { payload: body as object }),
    });
  };
  const accessEvents = () => backend.messages('events').filter(({ type }) => type.startsWith('access.'));

  it('removes a pool, drains it when asked to, and says why it may not', async () => {
    expect((await call('DELETE', '/pools/shop/checkout')).statusCode).to.equal(204);
    expect((await call('DELETE', '/pools/shop/checkout?drain=true')).statusCode).to.equal(204);
    expect(asked.map(({ data }) => data)).to.deep.equal([
      { id: 'shop/checkout' },
      { id: 'shop/checkout', drain: true },
    ]);
    expect((await call('DELETE', '/pools/shop/checkout?drain=perhaps')).statusCode).to.equal(400);
    answer = () => {
      throw new CapacityError('pool_in_use', '3 workers of shop/checkout run');
    };
    const refused = await call('DELETE', '/pools/shop/checkout');
    expect(refused.statusCode).to.equal(409);
    expect(refused.json()).to.include({ code: 'pool_in_use', detail: '3 workers of shop/checkout run' });
  });

  it('asks the owner, as the person who asked', async () => {
    const response = await call('POST', '/plan', { role: 'operator', body: { pool: 'shop/checkout' } });
    expect(response.statusCode).to.equal(201);
    expect(asked).to.deep.equal([
      { name: 'plan.create', data: { pool: 'shop/checkout' }, actor: 'ada', id: undefined },
    ]);
  });

  for (const [method, path] of [
    ['GET', '/plan?pool=shop/checkout'],
    ['POST', '/plan'],
    ['GET', '/plan/plan-1'],
    ['POST', '/plan/plan-1/apply'],
    ['DELETE', '/plan/plan-1'],
    ['POST', '/simulate'],
    ['GET', '/simulate/sim-1'],
    ['POST', '/simulate/sim-1/compare'],
    ['GET', '/policies'],
    ['POST', '/policies'],
    ['GET', '/policies/night'],
    ['PUT', '/policies/night'],
    ['DELETE', '/policies/night'],
    ['GET', '/metrics'],
    ['GET', '/metrics/history?pool=shop/checkout'],
    ['POST', '/metrics/history'],
    ['GET', '/forecast?pool=shop/checkout'],
  ] as const) {
    it(`lets nobody without a token into ${method} ${path}`, async () => {
      const response = await call(method, path, { role: 'nobody' });
      expect(response.statusCode).to.equal(401);
      expect(response.json().code).to.equal('unauthenticated');
      expect(asked).to.deep.equal([]);
    });
  }

  it('tells the audit log about every change asked for, let through or refused', async () => {
    await call('DELETE', '/plan/plan-1', { role: 'operator' });
    await call('DELETE', '/plan/plan-1', { role: 'viewer' });
    await call('GET', '/plan/plan-1', { role: 'viewer' });
    expect(accessEvents().map(({ type }) => type)).to.deep.equal(['access.granted', 'access.denied']);
  });

  it('does nothing when the audit log cannot be told', async () => {
    backend.setFaults({ failPublish: 1 });
    const response = await call('DELETE', '/plan/plan-1', { role: 'operator' });
    expect(response.statusCode).to.equal(503);
    expect(asked).to.deep.equal([]);
  });

  it('shows money to finance alone', async () => {
    expect((await call('GET', '/plan/plan-1', { role: 'viewer' })).json()).to.not.have.property('cost_impact');
    expect((await call('GET', '/plan/plan-1', { role: 'finance' })).json()).to.have.property('cost_impact');
  });

  it('names every field that is off, the unknown ones too', async () => {
    const response = await call('POST', '/policies', {
      body: { ...draft, slo: { p95_latency: '5 seconds' }, sclaing: {} },
    });
    expect(response.statusCode).to.equal(400);
    expect(response.headers['content-type']).to.contain('application/problem+json');
    expect(response.json().problems.join()).to.contain('/slo/p95_latency').and.to.contain('sclaing');
    expect(asked).to.deep.equal([]);
  });

  it('fills in what a policy leaves out', async () => {
    const response = await call('POST', '/policies', { body: draft });
    expect(response.statusCode).to.equal(201);
    expect(response.json()).to.include({ id: 'night', enabled: true, updated_at: '2026-01-05T00:00:00.000Z' });
  });

  it('answers a repeated Idempotency-Key with the first answer, and refuses it for something else', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const first = await call('POST', '/plan', { body: { pool: 'shop/checkout' }, headers });
    const second = await call('POST', '/plan', { body: { pool: 'shop/checkout' }, headers });
    const other = await call('POST', '/plan', { body: { pool: 'shop/search' }, headers });
    expect([first.statusCode, second.statusCode, other.statusCode]).to.deep.equal([201, 201, 422]);
    expect(second.json()).to.deep.equal(first.json());
    expect(asked).to.have.length(1);
    expect(asked[0]?.id).to.match(/^idem-/);
  });

  describe('two gateways and one Idempotency-Key', () => {
    let second: FastifyInstance;
    let release: () => void;
    beforeEach(async () => {
      const owners: Owners = {
        ask: async (name, data, options) => {
          asked.push({ name, data, actor: options.actor.id, id: options.id });
          return answer(name, data as never) as never;
        },
      };
      second = await buildApp(backend.context('gateway', '2'), config, {
        tokens,
        owners,
        simulations: createNoSimulations(),
      });
    });
    afterEach(() => second.close());

    const post = async (gateway: FastifyInstance, pool: string) => {
      const token = await tokens.issue({ subject: 'ada', roles: ['operator'] }, Date.now());
      const headers = { authorization: `Bearer ${token}`, 'idempotency-key': 'k-1' };
      return gateway.inject({ method: 'POST', url: `${api}/plan`, headers, payload: { pool } });
    };
    const holdWork = () => {
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      answer = async (name) => {
        if (name === 'plan.create') await held;
        return plan;
      };
    };
    const untilAsked = async () => {
      while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    };

    it('do the work of one of ten different bodies sent at once, and refuse the others', async () => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) => post(i % 2 === 0 ? app : second, `shop/p${i}`)),
      );
      expect(answers.map(({ statusCode }) => statusCode).sort((a, b) => a - b)).to.deep.equal([
        201,
        ...Array(9).fill(422),
      ]);
      expect(asked).to.have.length(1);
    });

    it('do not do the same work twice at once: who comes while it is under way asks again', async () => {
      holdWork();
      const first = post(app, 'shop/checkout');
      await untilAsked();
      const meanwhile = await post(second, 'shop/checkout');
      expect(meanwhile.statusCode).to.equal(409);
      expect(meanwhile.json()).to.include({ code: 'conflict', retryable: true });
      expect(meanwhile.json().detail).to.contain('still under way');
      expect(meanwhile.headers['retry-after']).to.equal('1');
      expect((await post(second, 'shop/search')).statusCode, 'another body').to.equal(422);
      release();
      expect((await first).statusCode).to.equal(201);
      expect((await post(second, 'shop/checkout')).json()).to.deep.equal((await first).json());
      expect(asked).to.have.length(1);
    });

    it('let the key go when the work fails', async () => {
      answer = () => {
        throw new CapacityError('unavailable', 'nobody there');
      };
      const failed = await post(app, 'shop/checkout');
      expect(failed.statusCode).to.equal(503);
      expect(failed.headers['retry-after']).to.equal('2');
      answer = () => plan;
      expect((await post(second, 'shop/checkout')).statusCode).to.equal(201);
    });

    it('do nothing when the key cannot be claimed', async () => {
      backend.setFaults({ failCache: 1 });
      expect((await post(app, 'shop/checkout')).statusCode).to.equal(503);
      expect(asked).to.deep.equal([]);
    });

    it('answer with what was done when the answer cannot be kept', async () => {
      answer = () => {
        backend.setFaults({ failCache: 1 });
        return plan;
      };
      expect((await post(app, 'shop/checkout')).statusCode).to.equal(201);
      expect(asked).to.have.length(1);
    });

    it('hold a claim as long as the work takes, and forget that of a gateway that died', async () => {
      holdWork();
      void post(app, 'shop/checkout');
      await untilAsked();
      await clock.advance(60_000);
      expect((await post(second, 'shop/checkout')).statusCode, 'renewed').to.equal(409);
      gateway.crash();
      await clock.advance(20_000);
      answer = () => plan;
      expect((await post(second, 'shop/checkout')).statusCode, 'run out').to.equal(201);
    });
  });

  it('stops a user after so many requests a minute, and only that one', async () => {
    const statuses = [];
    for (let i = 0; i < 101; i++)
      statuses.push((await call('GET', '/policies', { role: 'viewer', subject: 'eager' })).statusCode);
    expect(statuses.slice(0, 100).every((status) => status === 200)).to.equal(true);
    expect(statuses[100]).to.equal(429);
    const limited = await call('GET', '/policies', { role: 'viewer', subject: 'eager' });
    expect(Number(limited.headers['retry-after'])).to.be.within(1, 60);
    expect((await call('GET', '/policies', { role: 'viewer', subject: 'calm' })).statusCode).to.equal(200);
  });

  it('answers with the owner’s refusal and its code', async () => {
    answer = () => {
      throw new CapacityError('illegal_transition', 'the plan is completed');
    };
    const response = await call('DELETE', '/plan/plan-1', { role: 'operator' });
    expect(response.statusCode).to.equal(409);
    expect(response.json()).to.include({ code: 'illegal_transition', detail: 'the plan is completed' });
  });

  it('takes batches of history from admins alone, within bounds, and counts them by themselves', async () => {
    const rows = (count: number) =>
      Array.from({ length: count }, () => ({ timestamp: '2026-01-04T00:00:00Z', interval_s: 60, arrived: 3 }));
    const send = (body: unknown, role = 'admin') => call('POST', '/metrics/history', { role, body });
    const body = { pool: 'shop/checkout', import_id: 'march', rows: rows(5_000) };
    for (const role of ['viewer', 'operator', 'finance']) expect((await send(body, role)).statusCode).to.equal(403);
    expect(asked).to.deep.equal([]);
    expect((await send(body)).statusCode).to.equal(200);
    expect(asked).to.deep.equal([{ name: 'history.import', data: body, actor: 'ada', id: undefined }]);
    // Who asked and where is kept of each batch, and nothing of what it holds.
    const granted = accessEvents().filter(({ type }) => type === 'access.granted');
    expect(granted).to.have.length(1);
    expect(JSON.stringify(granted)).to.not.contain('arrived');

    const many = await send({ ...body, rows: rows(5_001) });
    expect(many.statusCode).to.equal(400);
    const odd = await send({ ...body, rows: [{ ...rows(1)[0], interval_s: 86_400, rate: 1 }] });
    expect(odd.json().problems.join()).to.contain('/rows/0/interval_s').and.contain('rate');
    expect((await send({ ...body, import_id: 'x'.repeat(1_000_000) })).statusCode).to.equal(413);

    await send(body);
    await send(body);
    const limited = await send(body);
    expect(limited.statusCode).to.equal(429);
    expect(Number(limited.headers['retry-after'])).to.be.within(1, 60);
    expect((await call('GET', '/policies')).statusCode).to.equal(200);
  });

  it('keeps its own mistakes to itself', async () => {
    answer = () => {
      throw new Error('secret connection string');
    };
    const response = await call('GET', '/plan/plan-1');
    expect(response.statusCode).to.equal(500);
    expect(response.body).to.not.contain('secret');
  });

  it('says why there are no simulations', async () => {
    const response = await call('POST', '/simulate', { body: { name: 'x' } });
    expect(response.statusCode).to.equal(501);
    expect(response.json().detail).to.contain('SIMULATOR_URL');
  });

  it('refuses a body that is too large, and one that is not JSON', async () => {
    const large = await call('POST', '/simulate', { body: { text: 'x'.repeat(70_000) } });
    expect(large.statusCode).to.equal(413);
    const broken = await call('POST', '/simulate', {
      body: '{"a":' as never,
      headers: { 'content-type': 'application/json' },
    });
    expect(broken.statusCode).to.equal(400);
  });

  it('gives a simulation up when its client goes away', async () => {
    let signal: AbortSignal | undefined;
    const under = new Promise<void>((resolve) => {
      simulate = (given) => {
        signal = given;
        resolve();
        return new Promise((_, reject) => {
          given.addEventListener('abort', () => reject(new CapacityError('cancelled', 'gone')), { once: true });
        });
      };
    });
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const leaving = new AbortController();
    const token = await tokens.issue({ subject: 'ada', roles: ['admin'] }, Date.now());
    const asked = fetch(`${address}${api}/simulate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"name":"x"}',
      signal: leaving.signal,
    }).catch(() => 'left');
    await under;
    leaving.abort();
    expect(await asked).to.equal('left');
    for (let i = 0; i < 200 && signal?.aborted === false; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(signal?.aborted).to.equal(true);
  });

  it('refuses text that nobody can hand on, and what is nested too deeply, with the place', async () => {
    const post = (payload: string) =>
      call('POST', '/simulate', { body: payload as never, headers: { 'content-type': 'application/json' } });
    for (const [payload, place] of [
      ['{"name":"\\ud800"}', '/name'],
      ['{"pools":[{"name":"a\\u0000"}]}', '/pools/0/name'],
      [`{"a":${'['.repeat(40)}${']'.repeat(40)}}`, 'nested deeper than 32'],
      ['{"__proto__":{"x":1}}', '(root)'],
    ] as const) {
      const response = await post(payload);
      expect(response.statusCode, payload).to.equal(400);
      expect(response.json().detail, payload).to.contain(place);
    }
  });

  it('answers a path that cannot be read with a problem', async () => {
    const response = await call('GET', '/api/%zz', {});
    expect(response.statusCode).to.equal(400);
    expect(response.headers['content-type']).to.contain('application/problem+json');
  });

  it('answers what is not HTTP, and a head that is too large, with a problem, and closes the connection', async () => {
    const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    for (const [sent, status] of [
      ['nonsense\r\n\r\n', '400'],
      [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, '413'],
    ] as const) {
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(address.port), address.hostname, () => socket.write(sent));
        let text = '';
        socket.on('data', (part) => {
          text += part.toString();
        });
        socket.on('close', () => resolve(text));
        socket.on('error', reject);
      });
      expect(answer)
        .to.match(new RegExp(`^HTTP/1.1 ${status} `))
        .and.contain('application/problem+json');
      expect(answer).to.contain('Connection: close');
    }
  });

  it('describes itself', async () => {
    const paths = Object.keys((await app.inject('/docs/json')).json().paths);
    expect(paths).to.include.members([
      `${api}/plan`,
      `${api}/plan/{id}/apply`,
      `${api}/simulate/{id}/compare`,
      `${api}/metrics/history`,
    ]);
  });

  it('answers probes without a token', async () => {
    expect((await app.inject('/health')).statusCode).to.equal(200);
    expect((await app.inject('/ready')).statusCode, 'nobody to ask').to.equal(503);
    expect((await app.inject(`${api}/health`)).statusCode).to.equal(503);
    for (const name of ['audit', 'collector', 'executor', 'planner', 'notifier'] as const) {
      const instance = `${name}-1`;
      const disk = { ready: name !== 'notifier', detail: 'as it is' };
      await backend
        .context(name)
        .bus.respond(`${name}.health`, async () => ({ instance, ready: disk.ready, checks: { disk } }));
    }
    expect((await app.inject('/ready')).statusCode, 'answers are good for a second').to.equal(503);
    await clock.advance(1_500);
    expect((await app.inject('/ready')).statusCode).to.equal(200);
    const health = await app.inject(`${api}/health`);
    expect(health.statusCode).to.equal(200);
    expect(health.json().status).to.equal('degraded');
    expect(health.json().services).to.deep.include({
      notifier: {
        state: 'not_ready',
        replicas: [{ instance: 'notifier-1', ready: false, checks: { disk: { ready: false, detail: 'as it is' } } }],
      },
      forecaster: { state: 'away', replicas: [] },
    });
    expect((await app.inject('/metrics')).body).to.contain('capacity_planner_api_request_duration_seconds');
  });
});

describe('local tokens', () => {
  const rules = { issuer: 'capacity-planner', audience: 'capacity-planner' };

  it('of another key, another audience or a past day are refused', async () => {
    const key = await generateLocalKey();
    const mine = await createLocalTokens(key, rules);
    const others = await createLocalTokens(await generateLocalKey(), rules);
    const elsewhere = await createLocalTokens(key, { ...rules, audience: 'elsewhere' });
    const issued = { subject: 'ada', roles: ['admin'] };
    const refused = async (token: string) => {
      try {
        await mine.verify(token);
        return false;
      } catch (error) {
        return error instanceof CapacityError && error.code === 'unauthenticated';
      }
    };
    expect(await refused(await others.issue(issued, Date.now()))).to.equal(true);
    expect(await refused(await elsewhere.issue(issued, Date.now()))).to.equal(true);
    expect(await refused(await mine.issue(issued, Date.now() - 2 * 86_400_000))).to.equal(true);
    expect(await refused(await mine.issue(issued, Date.now()))).to.equal(false);
  });
});
