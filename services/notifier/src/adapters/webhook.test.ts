import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Webhook } from '../ports.ts';
import { createFetchWebhook } from './fetch-webhook.ts';
import { createMemoryWebhook } from './memory-webhook.ts';

interface Rig {
  webhook: Webhook;
  url: string;
  /** How the target answers from now on. */
  answer(status: number): void;
  received(): { body: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** What every way of calling has to keep. */
function webhookConformance(name: string, createRig: () => Promise<Rig>): void {
  describe(`${name} as a Webhook`, () => {
    let rig: Rig;
    beforeEach(async () => {
      rig = await createRig();
    });
    afterEach(() => rig.close());
    const call = (url: string) =>
      rig.webhook.call({ url, body: '{"a":1}', headers: { 'x-capacity-id': '7' }, timeoutMs: 1000 });

    it('brings body and headers', async () => {
      rig.answer(200);
      expect(await call(rig.url)).to.deep.equal({ ok: true, status: 200 });
      expect(rig.received()[0]?.body).to.equal('{"a":1}');
      expect(rig.received()[0]?.headers['x-capacity-id']).to.equal('7');
    });

    it('tells a passing failure from a lasting one', async () => {
      rig.answer(503);
      expect(await call(rig.url)).to.deep.include({ ok: false, reason: 'refused', retryable: true });
      rig.answer(404);
      expect(await call(rig.url)).to.deep.include({ ok: false, reason: 'refused', retryable: false });
    });

    it('does not call a host that is not allowed', async () => {
      rig.answer(200);
      expect(await call('http://169.254.169.254/')).to.deep.include({ ok: false, reason: 'not_allowed' });
      expect(rig.received()).to.deep.equal([]);
    });
  });
}

const isAllowed = (url: string): boolean => new URL(url).hostname === '127.0.0.1';

webhookConformance('createMemoryWebhook', async () => {
  const webhook = createMemoryWebhook({ isAllowed });
  return {
    webhook,
    url: 'http://127.0.0.1/x',
    answer: (status) => {
      webhook.answers = [
        status < 300
          ? { ok: true, status }
          : { ok: false, reason: 'refused', retryable: status >= 500, detail: `HTTP ${status}` },
      ];
    },
    received: () => webhook.calls,
    close: async () => {},
  };
});

async function serve(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
}

webhookConformance('createFetchWebhook', async () => {
  const received: { body: string; headers: IncomingHttpHeaders }[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      received.push({ body, headers: request.headers });
      response.writeHead(status).end('ignored');
    });
  });
  const url = await serve(server);
  return {
    webhook: createFetchWebhook({ isAllowed }),
    url,
    answer: (next) => {
      status = next;
    },
    received: () => received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
});

describe('createFetchWebhook', () => {
  it('gives up on a target that does not answer, and on one that is not there', async () => {
    const server = createServer(() => {});
    const url = await serve(server);
    const webhook = createFetchWebhook({ isAllowed });
    const call = { url, body: '', headers: {}, timeoutMs: 100 };
    expect(await webhook.call(call)).to.deep.include({ ok: false, reason: 'timeout', retryable: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await webhook.call(call)).to.deep.include({ ok: false, reason: 'unreachable', retryable: true });
  });

  it('does not follow a redirect', async () => {
    let followed = 0;
    const server = createServer((request, response) => {
      if (request.url === '/elsewhere') followed += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const url = await serve(server);
    const result = await createFetchWebhook({ isAllowed }).call({ url, body: '', headers: {}, timeoutMs: 1000 });
    expect(result).to.deep.include({ ok: false, reason: 'refused' });
    expect(followed).to.equal(0);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
