import { createAesSealer, createAudit, createMemoryAuditLog, makeAuditKeys } from '@capplan/audit-service';
import {
  type Envelope,
  type EventData,
  type EventType,
  type RequestData,
  type RequestName,
  systemKey,
} from '@capplan/contracts';
import { createExecutor, createMemoryActuator, createNoneActuator, ExecutorConfig } from '@capplan/executor-service';
import { createMemoryWebhook, createNotifier, NotifierConfig, signBody } from '@capplan/notifier-service';
import { createNoneTrials, createPlanner, PlannerConfig } from '@capplan/planner-service';
import { samplePolicy, samplePool, sampleSnapshot, scriptedCore } from '@capplan/planner-service/conformance';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, loadConfig, type MemoryContext } from '@capplan/runtime';

const startMs = Date.parse('2026-03-02T12:00:00Z');
const pool = samplePool();
const policy = samplePolicy();
const keys = makeAuditKeys();

/** Audit, planner, executor and notifier around one pool of four workers, where nothing goes wrong by itself. */
export async function openSmallWorld(wish: () => number, executorSettings: Record<string, string> = {}) {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(1) });
  const actuator = createMemoryActuator(clock);
  actuator.place(pool.id, 4);
  const none = createNoneActuator();
  const webhook = createMemoryWebhook();
  const webhooks = JSON.stringify([{ name: 'on-call', url: 'https://ops.example/hook' }]);
  const executor: MemoryContext = backend.context('executor');
  const services = [
    createAudit(
      backend.context('audit'),
      { checkpointEvery: 20, repeatHorizon: 10_000, retentionDays: 90 },
      { log: createMemoryAuditLog(), sealer: createAesSealer(keys) },
    ),
    createPlanner(backend.context('planner'), loadConfig(PlannerConfig, {}), {
      planning: scriptedCore(wish),
      trials: createNoneTrials(),
    }),
    createExecutor(executor, loadConfig(ExecutorConfig, executorSettings), {
      actuators: { process: actuator, kubernetes: none, none },
    }),
    createNotifier(backend.context('notifier'), loadConfig(NotifierConfig, { NOTIFIER_WEBHOOKS: webhooks }), {
      webhook,
      sign: signBody,
    }),
  ];
  for (const service of services) await clock.waitFor(service.start());
  const helper = backend.context('helper');
  const ask = <N extends RequestName>(name: N, data: RequestData<N>) => {
    const key = name.startsWith('policy') ? systemKey(policy.id) : pool.id;
    return clock.waitFor(helper.bus.request(name, data, { key, actor: { id: 'ada', kind: 'user' } }));
  };
  await ask('policy.put', { policy, must: 'create' });
  await ask('pool.put', { pool });
  const pass = async (minutes: number) => {
    for (let i = 0; i < 4 * minutes; i++) {
      const data = sampleSnapshot(clock.nowMs(), actuator.workersOf(pool.id).length);
      await clock.waitFor(helper.bus.publish({ type: 'load.observed', key: pool.id, data, cause: data.timestamp }));
      await clock.advance(15_000);
    }
  };
  const published = <T extends EventType>(type: T) =>
    backend
      .messages('events')
      .filter((message) => message.type === type)
      .map(({ envelope }) => (envelope as Envelope<EventData<T>>).data);
  const notices = () => webhook.calls.map(({ body }) => JSON.parse(body) as { type: string; summary: string });
  const changes = () => actuator.changes.map(({ from, to }) => `${from}→${to}`);
  return { clock, backend, actuator, executor, pool, policy, ask, pass, published, notices, changes };
}
