import type { RandomStream } from '@capplan/random';
import { hostileText, hostileValue, oneOf } from './hostile-values.ts';
import { type Schema, schemaValue } from './schema-values.ts';

export interface FuzzRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** The description that the API gives of itself. */
export interface ApiDescription {
  paths: Record<string, Record<string, Operation>>;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const contentTypes = [
  'application/json; charset=utf-16',
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'x',
  '',
];
const brokenBodies = [
  '{',
  '{"a":',
  '[',
  'nul',
  '{"a":1,"a":2}',
  '{"pool":"fuzz/p1","pool":{}}',
  '"\\ud800"',
  '\u0000',
  '',
];

/**
 * Requests for every endpoint that the API describes, every now and then with another method, a twisted path or no
 * endpoint at all.
 */
export function createHostileRequests(random: RandomStream, api: ApiDescription, tokens: readonly string[]) {
  const endpoints = Object.entries(api.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

  const next = (): FuzzRequest => {
    const { path, method, operation } = oneOf(random, endpoints);
    const hostility = oneOf(random, [0, 0, 0.03, 0.1, 0.4]);
    const headers: Record<string, string> = { authorization: `Bearer ${oneOf(random, tokens)}` };
    if (random.next() < 0.02) headers.authorization = oneOf(random, ['Bearer', 'Bearer x.y.z', 'Basic eA==', '']);
    if (random.next() < 0.1) headers['idempotency-key'] = oneOf(random, ['k1', 'k2', 'x'.repeat(200), ' ']);
    if (random.next() < 0.05)
      headers.traceparent = oneOf(random, ['00-0-0-0', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`]);
    return {
      method: random.next() < 0.03 ? oneOf(random, methods) : method,
      path: pathOf(path, operation, hostility),
      headers,
      body: bodyOf(operation, hostility, headers),
    };
  };

  const pathOf = (path: string, { parameters = [] }: Operation, hostility: number): string => {
    if (random.next() < 0.01) return `/${hostileBytes(hostileText(random))}`;
    let filled = path;
    const query: string[] = [];
    for (const parameter of parameters) {
      const value = schemaValue(random, parameter.schema, hostility);
      const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
      if (parameter.in === 'path') filled = filled.replace(`{${parameter.name}}`, hostileBytes(text));
      else if (parameter.required === true || random.next() < 0.6)
        query.push(`${parameter.name}=${hostileBytes(text)}`);
    }
    if (random.next() < hostility)
      query.push(`${hostileBytes(hostileText(random))}=${hostileBytes(hostileText(random))}`);
    if (query.length > 0 && random.next() < hostility) query.push(oneOf(random, query));
    return query.length > 0 ? `${filled}?${query.join('&')}` : filled;
  };

  /** Escaped as a client should, or as one should not. */
  const hostileBytes = (text: string): string => {
    const short = text.slice(0, 2_000);
    if (random.next() < 0.05)
      return short.replaceAll(/[^\u0021-\u007e]/g, oneOf(random, ['%zz', '%', '%00', '%ed%a0%80']));
    return encodeURIComponent(short.replaceAll(/[\ud800-\udfff]/g, '?'));
  };

  const bodyOf = (
    { requestBody }: Operation,
    hostility: number,
    headers: Record<string, string>,
  ): Buffer | undefined => {
    const schema = requestBody && Object.values(requestBody.content)[0]?.schema;
    if (!schema && random.next() > 0.02) return undefined;
    headers['content-type'] = random.next() < 0.03 ? oneOf(random, contentTypes) : 'application/json';
    if (random.next() < 0.02) return Buffer.from(oneOf(random, brokenBodies));
    if (random.next() < 0.005) return Buffer.from('['.repeat(oneOf(random, [100, 50_000])));
    const value = schema ? schemaValue(random, schema, hostility) : hostileValue(random);
    const text = JSON.stringify(isScenario(schema) ? scenarioOf(value) : value) ?? '';
    return Buffer.from(random.next() < hostility * 0.1 ? text.slice(0, -1 - random.integer(5)) : text);
  };

  /** Where the schema leaves open what a scenario is, one is made by hand, small enough to be run many times. */
  const isScenario = (schema: Schema | undefined): boolean => schema?.type === 'object' && !schema.required;
  const scenarioOf = (value: unknown): unknown => {
    if (random.next() < 0.15) return value;
    const scenario: Record<string, unknown> = {
      name: 'what if',
      seed: random.integer(3),
      horizon: oneOf(random, ['10m', '1h', 600]),
      replications: oneOf(random, [1, 2, { min: 2, max: 3, relative_error: 0.5 }]),
      traffic: oneOf(random, [
        { pattern: 'constant', rate: random.next() * 2 },
        { pattern: 'sinusoidal', mean: 1, amplitude: 0.5, period: '10m' },
        { pattern: 'spiky', base: 0.5, spikes: [{ at: '2m', duration: '1m', peak: 3 }] },
      ]),
      service: oneOf(random, [
        { distribution: 'exponential', mean: '1s' },
        '1s',
        { distribution: 'pareto', alpha: 0.01, min: 1e-6, max: '7d' },
      ]),
      capacity: oneOf(random, [{ workers: random.integer(5) }, { policy: hostileValue(random), initial_workers: 1 }]),
      ...(random.next() < 0.3 && { objective: { latency: '5s' } }),
    };
    if (random.next() < 0.4)
      scenario[oneOf(random, [...Object.keys(scenario), hostileText(random)])] = hostileValue(random);
    return scenario;
  };

  return { next, endpoints: endpoints.map(({ path, method }) => `${method} ${path}`) };
}
