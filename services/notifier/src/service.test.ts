import { createHmac } from 'node:crypto';
import { CapacityError } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, type Faults } from '@capplan/runtime';
import { expect } from 'chai';
import { Value } from 'typebox/value';
import { createMemoryWebhook } from './adapters/memory-webhook.ts';
import { signBody } from './adapters/sign-body.ts';
import { NotifierConfig } from './config.ts';
import type { WebhookResult } from './ports.ts';
import { createNotifier } from './service.ts';

const secret = 'a secret of sixteen and more';
const config = {
  ...Value.Create(NotifierConfig),
  webhooks: JSON.stringify([{ name: 'ops', url: 'https://hooks.example.com/x', secret, events: ['*'] }]),
};

async function createWorld(faults: Faults = {}, settings = config) {
  const clock = createVirtualClock({ startMs: 1_789_000_000_000 });
  const backend = createMemoryBackend({ clock, random: createRandomStream(5), faults });
  const webhook = createMemoryWebhook();
  const outside = backend.context('planner');
  const start = async (instance: string) => {
    const context = backend.context('notifier', instance);
    const service = createNotifier(context, settings, { webhook, sign: signBody });
    await clock.waitFor(service.start());
    return { service, crash: () => context.crash() };
  };
  const breach = (n: number, pool = 'shop/mail') =>
    outside.bus.publish({
      type: 'slo.breached',
      key: pool,
      cause: String(n),
      data: {
        pool,
        timestamp: '2026-03-02T08:00:00Z',
        target_s: 5,
        observed_p95_s: 9,
        share_within: 0.5,
        error_budget_used: 1,
      },
    });
  return { clock, backend, webhook, start, breach };
}

const refusal: WebhookResult = { ok: false, reason: 'refused', retryable: true, detail: 'HTTP 503' };

describe('createNotifier', () => {
  it('tells a target, signed so that the target can check it', async () => {
    const { clock, webhook, start, breach } = await createWorld();
    await start('a');
    await breach(1);
    await clock.advance(1000);
    expect(webhook.calls).to.have.length(1);
    const { headers, body } = webhook.calls[0] ?? { headers: {}, body: '' };
    const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-capacity-signature'] ?? '') ?? [];
    expect(signature).to.equal(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
    expect(JSON.parse(body)).to.deep.include({ id: 'slo.breached:shop/mail:1', key: 'shop/mail' });
  });

  it('tells each message once, though deliveries repeat, replicas share and one of them dies', async () => {
    const { clock, webhook, start, breach } = await createWorld(
      { duplicateDelivery: 0.5, reorderDelivery: 0.3, dropDelivery: 0.1 },
      { ...config, quietSec: 0 },
    );
    const first = await start('a');
    await start('b');
    for (let n = 0; n < 20; n++) await breach(n, `shop/mail${n}`);
    await clock.advance(2000);
    first.crash();
    await clock.advance(3_600_000);
    const ids = webhook.calls.map(({ headers }) => headers['x-capacity-id']);
    expect(new Set(ids).size).to.equal(20);
    // One more at the most: the call that was under way when the replica died.
    expect(ids.length).to.be.at.most(21);
  });

  it('does not repeat an alert that lasts, until the quiet time is over', async () => {
    const { clock, webhook, start, breach } = await createWorld();
    await start('a');
    for (let n = 0; n < 10; n++) {
      await breach(n);
      await clock.advance(60_000);
    }
    expect(webhook.calls).to.have.length(2);
  });

  it('tries again after a failure, and tells it in the end', async () => {
    const { clock, webhook, start, breach, backend } = await createWorld();
    webhook.answers = [refusal, refusal, refusal, refusal, { ok: true, status: 204 }];
    await start('a');
    await breach(1);
    await clock.advance(3_600_000);
    expect(webhook.calls).to.have.length(5);
    expect(backend.deadLetters()).to.deep.equal([]);
  });

  it('sets a message aside when nobody ever hears it', async () => {
    const { clock, webhook, start, breach, backend } = await createWorld();
    webhook.answers = [refusal];
    await start('a');
    await breach(1);
    await clock.advance(24 * 3_600_000);
    expect(backend.deadLetters()).to.have.length(1);
    expect(webhook.calls.length).to.be.within(8, 24);
  });

  it('does not insist where the target has refused for good', async () => {
    const { clock, webhook, start, breach, backend } = await createWorld();
    webhook.answers = [{ ok: false, reason: 'refused', retryable: false, detail: 'HTTP 410' }];
    await start('a');
    await breach(1);
    await clock.advance(3_600_000);
    expect(webhook.calls).to.have.length(1);
    expect(backend.deadLetters()).to.deep.equal([]);
  });

  it('does not start with targets it cannot read', () => {
    const clock = createVirtualClock({ startMs: 0 });
    const context = createMemoryBackend({ clock }).context('notifier');
    const ports = { webhook: createMemoryWebhook(), sign: signBody };
    expect(() => createNotifier(context, { ...config, webhooks: '[{}]' }, ports)).to.throw(CapacityError, /webhooks/);
  });
});
