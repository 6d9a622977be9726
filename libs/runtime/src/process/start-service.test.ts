import { isCapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import Type from 'typebox';
import { createSystemClock } from '../clock/system-clock.ts';
import { createMemoryBackend } from '../memory/memory-backend.ts';
import { createMemoryLog } from '../telemetry/memory-log.ts';
import { openMemoryContext } from './open-context.ts';
import { type ServiceDefinition, startService } from './start-service.ts';

const Config = Type.Object({
  greeting: Type.String({ default: 'hello', env: 'GREETING', description: 'What it says' }),
});

describe('startService', () => {
  const world = () =>
    openMemoryContext(createMemoryBackend({ clock: createSystemClock() }), { name: 'greeter', log: createMemoryLog() });
  const steps: string[] = [];
  const definition: ServiceDefinition<typeof Config> = {
    name: 'greeter',
    configSchema: Config,
    create: (context, config) => ({
      name: context.name,
      start: async () => {
        steps.push(`start ${config.greeting}`);
      },
      stop: async () => {
        steps.push('stop');
      },
    }),
  };
  beforeEach(() => steps.splice(0));

  it('starts a service with its settings and its probes, and stops it once however often it is told', async () => {
    const running = await startService(definition, { GREETING: 'good day' }, { context: world() });
    const ready = await fetch(`http://127.0.0.1:${running.probePort}/ready`);
    expect(ready.status).to.equal(200);
    const metrics = await fetch(`http://127.0.0.1:${running.probePort}/metrics`);
    expect(await metrics.text()).to.include('capacity_planner_memory_usage_bytes');
    expect(await Promise.all([running.stop(), running.stop()])).to.deep.equal([true, true]);
    expect(steps).to.deep.equal(['start good day', 'stop']);
  });

  it('answers over the bus how it is, until it is stopped', async () => {
    const backend = createMemoryBackend({ clock: createSystemClock() });
    const context = openMemoryContext(backend, { name: 'notifier', instance: 'n-1', log: createMemoryLog() });
    const disk = { ready: false, detail: 'full' };
    context.health.watch('disk', () => disk);
    const running = await startService({ ...definition, name: 'notifier' }, {}, { context, probes: false });
    const { bus } = openMemoryContext(backend, { name: 'asker', log: createMemoryLog() });
    const ask = () => bus.request('notifier.health', {}, { key: '_/health', actor: { id: 'asker', kind: 'service' } });
    expect(await ask()).to.deep.equal({ instance: 'n-1', ready: false, checks: { disk } });
    await running.stop();
    expect(isCapacityError(await ask().catch((error: unknown) => error), 'unavailable')).to.equal(true);
  });

  it('does not wait for ever for a service that cannot stop', async () => {
    const stuck: typeof definition = {
      ...definition,
      create: () => ({ name: 'stuck', start: async () => {}, stop: () => new Promise(() => {}) }),
    };
    const running = await startService(stuck, { STOP_TIMEOUT_MS: '100' }, { context: world(), probes: false });
    expect(await running.stop()).to.equal(false);
  });

  it('takes everything down again when the start fails', async () => {
    const context = world();
    let isClosed = false;
    const watched = {
      ...context,
      close: async () => {
        isClosed = true;
        await context.close();
      },
    };
    const failing: typeof definition = {
      ...definition,
      create: () => ({ name: 'x', start: () => Promise.reject(new Error('no')), stop: async () => {} }),
    };
    const failure = await startService(failing, {}, { context: watched }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
    expect(isClosed).to.equal(true);
  });

  it('refuses bad settings before it touches anything', async () => {
    const outcome = await startService(definition, { PROBE_PORT: 'x' }, { context: world() }).catch((e: unknown) => e);
    expect(isCapacityError(outcome, 'invalid_input')).to.equal(true);
    expect(steps).to.deep.equal([]);
  });
});
