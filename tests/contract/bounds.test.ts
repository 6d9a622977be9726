import { Forecast, ingestCatalogue, requestCatalogue, Snapshot } from '@capplan/contracts';
import { RuntimeConfig } from '@capplan/runtime';
import { serviceDefinitions } from '@capplan/stack';
import { expect } from 'chai';

interface Node {
  type?: string;
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
}

/** Places of a schema where something can be larger than anybody has thought about. */
function unbounded(schema: Node, place: string): string[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}).map(([name, node]) => unbounded(node, `${place}/${name}`)),
    ...(schema.anyOf ?? []).map((node) => unbounded(node, place)),
    ...(schema.items ? [unbounded(schema.items, `${place}/*`)] : []),
  ].flat();
  const isNumber = schema.type === 'number' || schema.type === 'integer';
  const isOpen =
    (isNumber && ((schema.minimum ?? schema.exclusiveMinimum) === undefined || schema.maximum === undefined)) ||
    (schema.type === 'string' && schema.maxLength === undefined && !isBoundedPattern(schema.pattern)) ||
    (schema.type === 'array' && schema.maxItems === undefined);
  return isOpen ? [...inner, place] : inner;
}

function isBoundedPattern(pattern: string | undefined): boolean {
  return pattern !== undefined && !/[+*]/.test(pattern.replaceAll(/\\./g, ''));
}

/** Their records are wide, so that what was stored stays readable; what may be written, rules of their own say. */
const heldByRules = new Set(['policy.put', 'pool.put']);

describe('what comes from outside has bounds', () => {
  for (const [kind, schema] of Object.entries(ingestCatalogue)) {
    it(`in the report ${kind}`, () => {
      expect(unbounded(schema as Node, kind)).to.deep.equal([]);
    });
  }
  for (const [name, { request }] of Object.entries(requestCatalogue)) {
    if (heldByRules.has(name)) continue;
    it(`in the request ${name}`, () => {
      expect(unbounded(request as Node, name)).to.deep.equal([]);
    });
  }
  for (const [name, schema] of Object.entries({ Snapshot, Forecast })) {
    it(`in the rates and times of a ${name}, which services multiply`, () => {
      const open = unbounded(schema as Node, name);
      expect(
        open.filter((place) => !/sketch|cost_per_hour|score|mase|wape|quality|model|_p\d\d$/.test(place)),
      ).to.deep.equal([]);
    });
  }
  for (const [name, { configSchema }] of Object.entries({
    ...serviceDefinitions,
    runtime: { configSchema: RuntimeConfig },
  })) {
    it(`in the numbers of the settings of ${name}`, () => {
      const numbers = Object.fromEntries(
        Object.entries(configSchema.properties as Record<string, Node>).filter(([, { type }]) => type !== 'string'),
      );
      expect(unbounded({ properties: numbers }, name)).to.deep.equal([]);
    });
  }
});
