import { EventEmitter } from 'node:events';
import { CapacityError, timestamp } from '@capplan/contracts';
import { createMemoryBackend, createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import type { Report, WorkerTransport } from '../transport.ts';
import { createBusTransport } from './bus-transport.ts';
import { createIpcTransport, forwardIpcReports, type IpcPeer } from './ipc-transport.ts';
import { createMemoryTransport } from './memory-transport.ts';

const arrival = (sequence: number): Report<'arrival'> => ({
  key: 'shop/mail',
  cause: `web:${sequence}`,
  data: {
    pool: 'shop/mail',
    source: 'web',
    sequence,
    from: timestamp(1_789_000_000_000),
    to: timestamp(1_789_000_005_000),
    arrived: 3,
  },
});

interface Rig {
  transport: WorkerTransport;
  stored: () => number;
}

function createBackend() {
  const clock = createVirtualClock({ startMs: 1_789_000_000_000 });
  const backend = createMemoryBackend({ clock });
  return { backend, context: backend.context('worker'), stored: () => backend.messages('ingest').length };
}

/** Two ends of one channel; what one sends, the other hears a little later. */
function createChannel(): { child: IpcPeer; parent: IpcPeer } {
  const [childEvents, parentEvents] = [new EventEmitter(), new EventEmitter()];
  const peer = (mine: EventEmitter, other: EventEmitter): IpcPeer => ({
    send: (message) => {
      const copy = JSON.parse(JSON.stringify(message)) as unknown;
      setImmediate(() => other.emit('message', copy));
      return true;
    },
    on: (event: string, listener: (message?: unknown) => void) => mine.on(event, listener),
    off: (event: string, listener: (message?: unknown) => void) => mine.off(event, listener),
  });
  return { child: peer(childEvents, parentEvents), parent: peer(parentEvents, childEvents) };
}

/** What every transport has to keep. */
function transportConformance(name: string, createRig: () => Rig): void {
  describe(`${name} as a WorkerTransport`, () => {
    it('stores a report before it says so, and the same one once', async () => {
      const { transport, stored } = createRig();
      await transport.send('arrival', arrival(1));
      expect(stored()).to.equal(1);
      await transport.send('arrival', arrival(1));
      await transport.send('arrival', arrival(2));
      expect(stored()).to.equal(2);
      await transport.close();
    });
  });
}

transportConformance('createMemoryTransport', () => {
  const transport = createMemoryTransport();
  return { transport, stored: () => transport.stored.length };
});

transportConformance('createBusTransport', () => {
  const { context, stored } = createBackend();
  return { transport: createBusTransport(context.bus), stored };
});

transportConformance('createIpcTransport', () => {
  const { context, stored } = createBackend();
  const { child, parent } = createChannel();
  forwardIpcReports(parent, context.bus);
  return { transport: createIpcTransport(child), stored };
});

describe('createIpcTransport', () => {
  const failureOf = (sent: Promise<void>) =>
    sent.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('fails when the parent does not answer, has no channel, or refuses the report', async () => {
    const { child } = createChannel();
    const silent = createIpcTransport(child, { answerMs: 20 });
    expect(await failureOf(silent.send('arrival', arrival(1)))).to.be.instanceOf(CapacityError);

    const alone = createIpcTransport({ on: () => {}, off: () => {} });
    expect(await failureOf(alone.send('arrival', arrival(1)))).to.be.instanceOf(CapacityError);

    const { context } = createBackend();
    const channel = createChannel();
    forwardIpcReports(channel.parent, context.bus);
    const wrong = { ...arrival(1), data: { ...arrival(1).data, arrived: -1 } };
    const refusal = await failureOf(createIpcTransport(channel.child).send('arrival', wrong));
    expect(refusal).to.be.instanceOf(CapacityError);
    expect(String(refusal)).to.match(/arrived/);
  });

  it('a child whose parent is gone gets a failure for each report, and does not end', async () => {
    const { child } = createChannel();
    const events = new EventEmitter();
    const left: IpcPeer = {
      ...child,
      send: () => true,
      on: (event: string, listener: (message?: unknown) => void) => events.on(event, listener),
    };
    const sent = failureOf(createIpcTransport(left).send('arrival', arrival(1)));
    events.emit('disconnect');
    expect(String(await sent)).to.match(/closed/);

    // Node says of a message that cannot be handed over what is wrong, and throws an event where nobody asks.
    const broken: IpcPeer = {
      ...child,
      send: (_message, said) => {
        said(new Error('EPIPE'));
        return false;
      },
    };
    expect(String(await failureOf(createIpcTransport(broken).send('arrival', arrival(1))))).to.match(/EPIPE/);
  });

  it('passes over what else is said on the channel', async () => {
    const { context, stored } = createBackend();
    const { child, parent } = createChannel();
    forwardIpcReports(parent, context.bus);
    for (const message of [null, 'text', { capplan: 'report' }, { capplan: 'report', number: 1, kind: 'toString' }]) {
      child.send?.(message, () => {});
    }
    await createIpcTransport(child).send('arrival', arrival(1));
    expect(stored()).to.equal(1);
  });
});
