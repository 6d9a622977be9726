import { createAesSealer, createAudit, createMemoryAuditLog, makeAuditKeys } from '@capplan/audit-service';
import { type Envelope, type Plan, systemKey } from '@capplan/contracts';
import { createExecutor, createMemoryActuator, createNoneActuator, ExecutorConfig } from '@capplan/executor-service';
import { createMemoryWebhook, createNotifier, NotifierConfig, signBody } from '@capplan/notifier-service';
import { createNoneTrials, createPlanner, PlannerConfig } from '@capplan/planner-service';
import { samplePolicy, samplePool, sampleSnapshot, scriptedCore } from '@capplan/planner-service/conformance';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, loadConfig } from '@capplan/runtime';
import { expect } from 'chai';

const startMs = Date.parse('2026-03-02T12:00:00Z');
const pool = samplePool();
const policy = samplePolicy();
const ada = { id: 'ada', kind: 'user' } as const;
const keys = makeAuditKeys();

/** Four workers of a pool that wants seven, where somebody else has taken hold of the count: every plan fails. */
async function open() {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(1) });
  const actuator = createMemoryActuator(clock);
  actuator.place(pool.id, 4);
  actuator.setOwner(pool.id, 'another controller');
  const none = createNoneActuator();
  const webhook = createMemoryWebhook();
  const webhooks = JSON.stringify([{ name: 'on-call', url: 'https://ops.example/hook' }]);
  const services = [
    createAudit(
      backend.context('audit'),
      { checkpointEvery: 20, repeatHorizon: 10_000, retentionDays: 90 },
      { log: createMemoryAuditLog(), sealer: createAesSealer(keys) },
    ),
    createPlanner(backend.context('planner'), loadConfig(PlannerConfig, {}), {
      planning: scriptedCore(() => 7),
      trials: createNoneTrials(),
    }),
    createExecutor(backend.context('executor'), loadConfig(ExecutorConfig, {}), {
      actuators: { process: actuator, kubernetes: none, none },
    }),
    createNotifier(backend.context('notifier'), loadConfig(NotifierConfig, { NOTIFIER_WEBHOOKS: webhooks }), {
      webhook,
      sign: signBody,
    }),
  ];
  for (const service of services) await clock.waitFor(service.start());
  const helper = backend.context('helper');
  const put = (change = {}) =>
    clock.waitFor(
      helper.bus.request(
        'policy.put',
        { policy: { ...policy, ...change }, must: 'either' },
        { key: systemKey(policy.id), actor: ada },
      ),
    );
  await put();
  await clock.waitFor(helper.bus.request('pool.put', { pool }, { key: pool.id, actor: ada }));
  const pass = async (minutes: number) => {
    for (let i = 0; i < 4 * minutes; i++) {
      const data = sampleSnapshot(clock.nowMs(), actuator.workersOf(pool.id).length);
      await clock.waitFor(helper.bus.publish({ type: 'load.observed', key: pool.id, data, cause: data.timestamp }));
      await clock.advance(15_000);
    }
  };
  const told = (type: string) =>
    backend
      .messages('events')
      .filter((message) => message.type === type)
      .map(({ envelope }) => (envelope as Envelope<Plan>).data);
  const audited = async () =>
    (await clock.waitFor(helper.bus.request('audit.list', { limit: 1 }, { key: systemKey('audit'), actor: ada })))
      .total;
  const preview = () =>
    clock.waitFor(helper.bus.request('plan.preview', { pool: pool.id }, { key: pool.id, actor: ada }));
  const notices = () => webhook.calls.map(({ body }) => JSON.parse(body) as { type: string; summary: string });
  return { clock, backend, actuator, put, pass, told, audited, preview, notices };
}

describe('a plan that fails for a lasting reason', function () {
  this.timeout(60_000);

  it('is tried six times in an hour instead of 240 times, with one notice when it begins and one when it is over', async () => {
    const w = await open();
    const before = await w.audited();
    await w.pass(60);
    const failed = w.told('plan.failed');
    expect(failed.map(({ failures_before: before_ }) => before_ ?? 0)).to.deep.equal([0, 1, 2, 3, 4, 5]);
    const gaps = failed.slice(1).map(({ created_at }, i) => {
      return (Date.parse(created_at) - Date.parse(failed[i]?.updated_at ?? '')) / 60_000;
    });
    for (const [i, minutes] of gaps.entries()) expect(minutes).to.be.within(2 ** i, 2 ** i + 0.5);
    expect(w.told('plan.proposed')).to.have.length(6);
    expect((await w.audited()) - before, 'audit records of an hour').to.be.at.most(6 * 7);
    expect(w.notices().map(({ type }) => type)).to.have.length(1);
    const shown = await w.preview();
    expect(shown.status_reason).to.equal('backing_off');
    expect(shown.rationale).to.contain('6 automatic plans up in a row failed (pool_owned_elsewhere)');
    expect(w.actuator.changes).to.deep.equal([]);

    w.actuator.setOwner(pool.id, undefined);
    await w.pass(10);
    expect(w.actuator.changes.map(({ from, to }) => `${from}→${to}`)).to.deep.equal(['4→7']);
    expect(w.notices()).to.have.length(2);
    expect(w.notices()[1]?.summary).to.match(/completed: 4 → 7 workers, after 6 that failed/);
    expect(w.backend.deadLetters()).to.deep.equal([]);
  });

  it('is tried at once when somebody has changed the policy, and is news when it fails still', async () => {
    const w = await open();
    await w.pass(12);
    expect(w.told('plan.failed')).to.have.length(4);
    await w.put({ name: 'Changed' });
    await w.pass(1);
    expect(w.told('plan.failed')).to.have.length(5);
    expect(w.told('plan.failed')[4]).to.not.have.property('failures_before');
    expect(w.notices()).to.have.length(2);
  });
});
