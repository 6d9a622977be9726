import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '@capplan/stack';

interface WholeHealth {
  status: 'ok' | 'degraded' | 'down';
  checks: Record<string, { ready: boolean; detail: string }>;
  services: Record<
    string,
    { state: string; replicas: { ready: boolean; checks: Record<string, { ready: boolean; detail: string }> }[] }
  >;
}

export interface Answer {
  status: number;
  retryAfter: string | null;
  body: Record<string, unknown>;
}

const api = '/api/v1/capacity';
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** All services in this process, on servers that are going to be in trouble. An error that nobody caught fails the test. */
export interface StackInTrouble {
  folder: string;
  get(path: string): Promise<Answer>;
  /** Asks for a new policy under a key of its own, which is its id. */
  postPolicy(id: string): Promise<Answer>;
  /** Ids of the policies that are there. */
  policies(): Promise<string[]>;
  health(): Promise<{ status: number; whole: WholeHealth }>;
  /** Tries until it holds; fails with what was awaited, and what was there instead. */
  until<T>(awaited: string, look: () => Promise<T>, holds: (found: T) => boolean, limitMs?: number): Promise<T>;
  /** Waits until everything works again: all are well, and a write is done. */
  untilWell(limitMs?: number): Promise<void>;
  close(): Promise<void>;
}

export async function startStackInTrouble(urls: { natsUrl: string; redisUrl: string }): Promise<StackInTrouble> {
  const folder = await mkdtemp(join(tmpdir(), 'capacity-planner-trouble-'));
  const stack: Stack = await startStack({
    servers: { kind: 'servers', ...urls, notice: undefined, stop: async () => {} },
    dataDir: folder,
    env: { GATEWAY_REQUESTS_PER_MINUTE: '10000' },
    logLevel: 'silent',
  });
  const token = await stack.issueToken('ada', ['admin']);
  let written = 0;

  const call = async (method: string, path: string, body?: object, key?: string): Promise<Answer> => {
    const response = await fetch(`${stack.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  };
  const get = (path: string) => call('GET', path.startsWith('/ready') ? path : `${api}${path}`);
  const postPolicy = (id: string) => {
    const limits = { slo: { p95_latency: '5s' }, scaling: { min_workers: 1, max_workers: 9 } };
    return call('POST', `${api}/policies`, { id, name: id, mode: 'manual', ...limits }, id);
  };
  const health = async () => {
    const { status, body } = await get('/health');
    return { status, whole: body as unknown as WholeHealth };
  };
  const until: StackInTrouble['until'] = async (awaited, look, holds, limitMs = 20_000) => {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const found = await look();
      if (holds(found)) return found;
      if (performance.now() > endMs) {
        throw new Error(`not within ${limitMs} ms: ${awaited}; instead: ${JSON.stringify(found).slice(0, 3000)}`);
      }
      await later(100);
    }
  };
  return {
    folder,
    get,
    postPolicy,
    policies: async () => {
      const { body } = await get('/policies');
      return ((body.policies ?? []) as { id: string }[]).map(({ id }) => id);
    },
    health,
    until,
    untilWell: async (limitMs) => {
      await until('everybody well', health, ({ whole }) => whole.status === 'ok', limitMs);
      const id = `well-${++written}`;
      await until(
        'a write',
        () => postPolicy(id),
        ({ status }) => status === 201,
        limitMs,
      );
    },
    close: async () => {
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
