import { type AuditEntry, type EventData, timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import { createAesSealer } from './adapters/aes-sealer.ts';
import { makeAuditKeys } from './adapters/key-file.ts';
import { type AppendFault, createMemoryAuditLog } from './adapters/memory-log.ts';
import { auditedEvents } from './decide.ts';
import { createAudit } from './service.ts';

const startMs = Date.parse('2026-03-01T12:00:00Z');
const rules = { checkpointEvery: 5, repeatHorizon: 1000, retentionDays: 90 };
const keys = makeAuditKeys();
const ada = { id: 'ada', kind: 'user' } as const;

async function open(seed = 1) {
  const clock = createVirtualClock({ startMs });
  const random = createRandomStream(seed);
  const backend = createMemoryBackend({ clock, random });
  let faults: AppendFault[] = [undefined];
  const log = createMemoryAuditLog(() => faults[random.integer(faults.length)]);
  const helper = backend.context('helper');
  const launch = async (instance: string) => {
    const context = backend.context('audit', instance);
    const service = createAudit(context, rules, { log, sealer: createAesSealer(keys) });
    await clock.waitFor(service.start());
    return { context, service };
  };
  const denied = (n: number): EventData<'access.denied'> => ({
    subject: `user-${n}`,
    roles: ['viewer'],
    method: 'POST',
    path: '/api/v1/capacity/plan',
    from: '127.0.0.1',
    reason: 'forbidden',
    time: timestamp(clock.nowMs()),
  });
  const deny = (n: number) =>
    clock.waitFor(helper.bus.publish({ type: 'access.denied', key: '_/access', data: denied(n), cause: String(n) }));
  const entry = (id: string): AuditEntry => ({
    id,
    actor: 'ada',
    action: 'plan.apply',
    target: 'plan-1',
    outcome: 'allowed',
    time: timestamp(clock.nowMs()),
    detail: {},
  });
  const request = { key: 'shop/checkout', actor: ada };
  return {
    clock,
    backend,
    log,
    launch,
    deny,
    append: (id: string) => clock.waitFor(helper.bus.request('audit.append', entry(id), request)),
    list: () => clock.waitFor(helper.bus.request('audit.list', { from_sequence: 1, limit: 1000 }, request)),
    verify: () => clock.waitFor(helper.bus.request('audit.verify', {}, request)),
    setFaults: (next: AppendFault[]) => {
      faults = next;
    },
  };
}

describe('the audit service', () => {
  it('gives a receipt for what it is asked to record, and records what is said on the bus', async () => {
    const w = await open();
    await w.launch('a');
    const receipt = await w.append('command:1');
    expect(receipt).to.include({ id: 'command:1', sequence: 1 });
    await w.deny(7);
    await w.clock.advance(1000);
    const { records, total } = await w.list();
    expect(total).to.equal(2);
    expect(records[1]?.entry).to.include({ actor: 'user-7', action: 'access.denied', target: '/api/v1/capacity/plan' });
    expect(await w.verify()).to.deep.equal({ intact: true, records: 2, first_broken: null });
    expect(w.backend.deadLetters()).to.deep.equal([]);
  });

  it('gives no receipt while the log does not answer, and the entry once when it is asked again', async () => {
    const w = await open();
    await w.launch('a');
    w.setFaults(['lost']);
    let code = '';
    await w.append('command:1').catch((error) => {
      code = error.code;
    });
    expect(code).to.equal('unavailable');
    w.setFaults(['answer_lost']);
    await w.append('command:1').catch(() => undefined);
    w.setFaults([undefined]);
    expect(await w.append('command:1')).to.include({ sequence: 1 });
    expect((await w.list()).total).to.equal(1);
  });

  it('records everything once with two replicas, faults, repeats and crashes', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const w = await open(seed);
      const random = createRandomStream(seed);
      const running = [await w.launch('a'), await w.launch('b')];
      w.backend.setFaults({ dropDelivery: 0.1, duplicateDelivery: 0.2, reorderDelivery: 0.1 });
      w.setFaults([undefined, undefined, undefined, 'lost', 'answer_lost']);
      for (let n = 0; n < 20; n++) {
        await w.deny(n);
        if (n % 5 === 3) running.at(-1)?.context.crashAtOperation(1 + random.integer(4), 'after');
        await w.clock.advance(2000);
        if (running.at(-1)?.context.isUp() === false) running.push(await w.launch(`r${n}`));
      }
      w.setFaults([undefined]);
      w.backend.setFaults({});
      await w.clock.advance(600_000);
      const { records } = await w.list();
      const subjects = records.map((record) => record.entry.actor);
      expect(subjects, `seed ${seed}`).to.have.members(Array.from({ length: 20 }, (_, n) => `user-${n}`));
      expect(await w.verify(), `seed ${seed}`).to.deep.equal({ intact: true, records: 20, first_broken: null });
    }
  });

  it('listens to every event that is a decision or an act', () => {
    expect(auditedEvents.filter((type) => type.startsWith('plan.'))).to.have.length(10);
    expect(auditedEvents.filter((type) => type.startsWith('rollout.'))).to.have.length(6);
  });
});
