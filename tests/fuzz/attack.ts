import { Agent, request as httpRequest } from 'node:http';
import { type IngestData, isCapacityError, type RequestName } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import type { OpenContext } from '@capplan/runtime';
import type { Stack } from '@capplan/stack';
import { createHostileMessages, type FuzzMessage } from './hostile-messages.ts';
import { type ApiDescription, createHostileRequests, type FuzzRequest } from './hostile-requests.ts';

export interface AttackOptions {
  stack: Stack;
  /** Whoever asks and reports beside the attack. */
  helper: OpenContext;
  seed: number;
  /** Puts a message on the wire as it is. */
  send(message: FuzzMessage): Promise<void>;
}

export interface Attack {
  /** Sends so many requests and so many messages, mixed. */
  run(count: { requests: number; messages: number }): Promise<void>;
  /** What should not have happened, each with what led to it. */
  findings(): readonly string[];
  /** How often each status was answered. */
  statuses(): Record<string, number>;
  /** Every endpoint and every subject that was met. */
  met(): { endpoints: ReadonlySet<string>; subjects: ReadonlySet<string> };
  targets: { endpoints: readonly string[]; subjects: readonly string[] };
  close(): void;
}

const atOnce = 12;
const roleSets = [['viewer'], ['operator'], ['admin'], ['finance'], ['admin', 'finance'], []];
/** Under the worst load an honest answer is one of these. */
const honestServerErrors = new Set([501, 503, 504]);
const findingsMax = 25;

/** Everything that the API and the bus take, thrown at a running system. */
export async function openAttack({ stack, helper, seed, send }: AttackOptions): Promise<Attack> {
  const random = createRandomStream(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const findings: string[] = [];
  const statuses: Record<string, number> = {};
  const met = { endpoints: new Set<string>(), subjects: new Set<string>() };
  const tokens: string[] = [];
  for (const [i, roles] of roleSets.entries()) {
    const token = await stack.issueToken(`fuzz-${i}`, roles, i % 2 === 0 ? ['pwd', 'otp'] : ['pwd']);
    tokens.push(token);
  }
  const described = await exchange({ method: 'GET', path: '/docs/json', headers: {}, body: undefined });
  const requests = createHostileRequests(random.fork('requests'), JSON.parse(described.text) as ApiDescription, tokens);
  const messages = createHostileMessages(random.fork('messages'), () => helper.clock.nowMs());

  function exchange({
    method,
    path,
    headers,
    body,
  }: FuzzRequest): Promise<{ status: number; type: string; text: string }> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(stack.url);
      const sent = httpRequest({ hostname, port, method, path, headers, agent, timeout: 40_000 }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const type = response.headers['content-type'] ?? '';
          resolve({ status: response.statusCode ?? 0, type, text: Buffer.concat(parts).toString() });
        });
      });
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error('no answer within 40 s')));
      if (body !== undefined) sent.setHeader('content-length', body.length);
      sent.end(body);
    });
  }

  const found = (what: string, cause: unknown): void => {
    if (findings.length < findingsMax) findings.push(`${what}: ${JSON.stringify(cause).slice(0, 1_500)}`);
  };

  const tryRequest = async (): Promise<void> => {
    const request = requests.next();
    const shown = {
      ...request,
      headers: { ...request.headers, authorization: undefined },
      body: request.body?.toString().slice(0, 1_000),
    };
    const answer = await exchange(request).catch((error: unknown) => error as Error);
    if (answer instanceof Error) {
      statuses[answer.name] = (statuses[answer.name] ?? 0) + 1;
      // A client that may not send such a thing at all has found nothing.
      if (!/Invalid character|unescaped|ERR_UNESCAPED|ERR_INVALID/.test(String(answer))) found(String(answer), shown);
      return;
    }
    const { status, type, text } = answer;
    statuses[status] = (statuses[status] ?? 0) + 1;
    for (const endpoint of requests.endpoints) {
      const [method, path = ''] = endpoint.split(' ');
      const form = new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
      if (method === request.method && form.test(request.path.split('?')[0] ?? '')) met.endpoints.add(endpoint);
    }
    if (status >= 500 && !honestServerErrors.has(status)) found(`status ${status} ${text.slice(0, 300)}`, shown);
    if (status >= 400 && request.method !== 'HEAD') {
      // The health of the whole is a document of its own, whatever its status.
      const isHealth = request.path.includes('/health') || request.path.startsWith('/ready');
      if (!type.includes('application/problem+json') && !isHealth)
        found(`an error as ${type} ${text.slice(0, 300)}`, shown);
    }
  };

  const tryMessage = async (): Promise<void> => {
    const message = messages.next();
    met.subjects.add(message.type);
    if (message.plane !== 'request') return send(message);
    if (random.next() < 0.1) return send(message);
    try {
      await helper.bus.request(message.type as RequestName, message.data as never, {
        key: message.key,
        actor: { id: 'fuzz', kind: 'user', roles: ['admin'], second_factor: true },
        timeoutMs: 10_000,
      });
    } catch (error) {
      const { type, key, data } = message;
      if (!isCapacityError(error)) found(`not an error of ours: ${String(error)}`, { type, key, data });
      else if (error.code === 'internal') found(`internal: ${error.message}`, { type, key, data });
    }
  };

  return {
    run: async (count) => {
      let [requestsLeft, messagesLeft] = [count.requests, count.messages];
      const work = async (): Promise<void> => {
        while (requestsLeft + messagesLeft > 0) {
          const isRequest = random.next() * (requestsLeft + messagesLeft) < requestsLeft;
          if (isRequest) requestsLeft -= 1;
          else messagesLeft -= 1;
          await (isRequest ? tryRequest() : tryMessage());
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
    },
    findings: () => findings,
    statuses: () => statuses,
    met: () => met,
    targets: { endpoints: requests.endpoints, subjects: messages.subjects },
    close: () => agent.destroy(),
  };
}

/** A pool of people who mean well, beside all that: it must be measured and planned for until the end. */
export async function openGoodPool(stack: Stack, helper: OpenContext) {
  const pool = 'good/pool';
  const token = await stack.issueToken('ada', ['admin', 'finance'], ['pwd', 'otp']);
  const api = async (method: string, path: string, body?: object): Promise<{ status: number; body: never }> => {
    const response = await fetch(`${stack.url}/api/v1/capacity${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as never };
  };
  const policy = {
    id: 'good',
    name: 'Good',
    mode: 'manual',
    slo: { p95_latency: '5s' },
    scaling: { min_workers: 1, max_workers: 40 },
  };
  const answers = [
    await api('POST', '/policies', policy),
    await api('PUT', `/pools/${pool}`, {
      policy_id: 'good',
      queue: { kind: 'reported', name: 'good' },
      actuator: { kind: 'none' },
      concurrency: 2,
      startup_delay: '5s',
      worker_cost_per_hour: 1,
      tags: [],
    }),
  ];
  if (answers.some(({ status }) => status >= 300)) throw new Error(`no good pool: ${JSON.stringify(answers)}`);

  let sequence = 0;
  const report = async (): Promise<void> => {
    sequence += 1;
    const nowMs = helper.clock.nowMs();
    const time = new Date(nowMs).toISOString();
    const worker = 'w1';
    const heartbeat: IngestData<'heartbeat'> = {
      ...{ pool, worker, sequence, time, concurrency: 2, busy: 1, draining: false, leaving: false, backlog: 3 },
    };
    await helper.bus.ingest('heartbeat', { key: pool, cause: `${worker}:${sequence}`, data: heartbeat });
    const from = new Date(nowMs - 1_000).toISOString();
    const jobs: IngestData<'job'> = { pool, worker, sequence, from, to: time, completed: 2, failed: 0 };
    await helper.bus.ingest('job', { key: pool, cause: `${worker}:${sequence}`, data: jobs });
  };
  const stopping = new AbortController();
  const reporting = (async () => {
    while (!stopping.signal.aborted) {
      await report().catch(() => {});
      await helper.clock.sleep(1_000, stopping.signal);
    }
  })();

  return {
    api,
    /** Waits until the pool has been measured after now and a plan for it can be computed. */
    untilPlanned: async (): Promise<{ snapshot: string; plan: number }> => {
      const sinceMs = helper.clock.nowMs();
      let seen = '';
      for (let i = 0; i < 150; i++) {
        const { body } = await api('GET', `/metrics?pool=${pool}`);
        const [snapshot] = (body as { snapshots?: { timestamp: string }[] }).snapshots ?? [];
        seen = snapshot?.timestamp ?? '';
        if (Date.parse(seen) > sinceMs) break;
        await helper.clock.sleep(200);
      }
      if (!(Date.parse(seen) > sinceMs)) throw new Error(`the good pool is not measured any more; last ${seen}`);
      const preview = await api('GET', `/plan?pool=${pool}`);
      return { snapshot: seen, plan: preview.status };
    },
    stop: async () => {
      stopping.abort();
      await reporting;
    },
  };
}
