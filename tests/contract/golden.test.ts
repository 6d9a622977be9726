import { readdirSync, readFileSync } from 'node:fs';
import { check, Envelope, eventCatalogue, ingestCatalogue, requestCatalogue } from '@capplan/contracts';
import { expect } from 'chai';

const folder = new URL('./golden/', import.meta.url);
const golden = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const fits = (schema: Parameters<typeof check>[0], value: unknown) => {
  const checked = check(schema, value);
  expect(checked.ok ? [] : checked.problems).to.deep.equal([]);
};

describe('golden messages', () => {
  for (const [type, { schema }] of Object.entries(eventCatalogue)) {
    it(`event ${type} of version 1 can still be read`, () => {
      const message = golden(`evt.${type}.v1.json`);
      fits(Envelope, message);
      fits(schema, message.data);
    });
  }

  for (const [kind, schema] of Object.entries(ingestCatalogue)) {
    it(`report ${kind} of version 1 can still be read`, () => {
      const message = golden(`ingest.${kind}.v1.json`);
      fits(Envelope, message);
      fits(schema, message.data);
    });
  }

  for (const [name, { request, reply }] of Object.entries(requestCatalogue)) {
    it(`request ${name} of version 1 and its reply can still be read`, () => {
      const exchange = golden(`req.${name}.v1.json`);
      fits(request, exchange.request);
      fits(reply, exchange.reply);
    });
  }

  it('has no file that belongs to nothing', () => {
    const known = [
      ...Object.keys(eventCatalogue).map((type) => `evt.${type}.v1.json`),
      ...Object.keys(ingestCatalogue).map((kind) => `ingest.${kind}.v1.json`),
      ...Object.keys(requestCatalogue).map((name) => `req.${name}.v1.json`),
    ];
    expect(readdirSync(folder).filter((file) => !known.includes(file))).to.deep.equal([]);
  });
});
