import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { openSocketJobQueue } from './socket-job-queue.ts';
import { socketJobSource } from './socket-job-source.ts';

const job = (number: number) => ({ number, serviceSec: 1, enqueuedMs: 0 });
const times = (number: number) => ({ number, startedMs: 10 * number, finishedMs: 10 * number + 5 });
const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the socket job queue', () => {
  it('gives every job out, as many at a time as a worker has slots', async () => {
    const queue = await openSocketJobQueue(async () => {});
    const source = await socketJobSource(queue.port, () => {});
    let atOnce = 0;
    let most = 0;
    await source.start(2, async ({ number }) => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce--;
      return times(number);
    });
    await queue.add([1, 2, 3, 4, 5].map(job));
    await until(async () => (await queue.completed()) === 5);
    expect(most).to.equal(2);
    expect((await queue.finished()).sort((a, b) => a.number - b.number)).to.deep.equal([1, 2, 3, 4, 5].map(times));
    expect(await queue.finished()).to.deep.equal([]);
    expect(await queue.open()).to.equal(0);
    await source.close();
    await queue.close();
  });

  it('gives the job of a worker that went away to another', async () => {
    const queue = await openSocketJobQueue(async () => {});
    const first = await socketJobSource(queue.port, () => {});
    await first.start(1, () => new Promise(() => {}));
    await queue.add([job(1)]);
    await until(async () => (await queue.open()) === 1 && queue.waiting() === 0);
    await first.close();
    const second = await socketJobSource(queue.port, () => {});
    await second.start(1, async ({ number }) => times(number));
    await until(async () => (await queue.completed()) === 1);
    await second.close();
    await queue.close();
  });

  /** What may become of a worker's connection, as a person's machine does it. */
  const endings: [string, (socket: Socket) => void][] = [
    ['resets its connection', (socket) => void socket.resetAndDestroy()],
    ['closes its connection', (socket) => void socket.destroy()],
    ['says what is no JSON', (socket) => void socket.write('{"say":\n')],
    ['resets it in the middle of a line', (socket) => socket.write('{"say":"do', () => socket.resetAndDestroy())],
  ];
  for (const [what, end] of endings) {
    it(`gives the job of a worker that ${what} back once, and goes on`, async () => {
      const queue = await openSocketJobQueue(async () => {});
      const lost = connect(queue.port, '127.0.0.1');
      lost.on('error', () => {});
      lost.write('{"say":"take","slots":1}\n');
      await queue.add([job(1)]);
      await until(() => queue.waiting() === 0);
      end(lost);
      await until(() => queue.waiting() === 1);
      const seen: number[] = [];
      const source = await socketJobSource(queue.port, () => {});
      await source.start(1, async ({ number }) => {
        seen.push(number);
        return times(number);
      });
      await until(async () => (await queue.completed()) === 1);
      await source.close();
      await queue.close();
      expect(seen).to.deep.equal([1]);
      expect(await queue.open()).to.equal(0);
    });
  }

  it('a worker learns once that its queue is gone, however that went: its reports fail, its work is let go', async () => {
    for (const end of [(socket: Socket) => socket.resetAndDestroy(), (socket: Socket) => socket.destroy()]) {
      const sockets: Socket[] = [];
      const server = createServer((socket) => void sockets.push(socket.on('error', () => {})));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      let gone = 0;
      const source = await socketJobSource((server.address() as AddressInfo).port, () => gone++);
      const sent = source.transport.send('heartbeat', { key: 'demo/jobs', cause: 'w:1', data: {} as never });
      await until(() => sockets.length === 1);
      sockets.forEach(end);
      const refused = await sent.then(
        () => false,
        () => true,
      );
      expect(refused).to.equal(true);
      await source.drain();
      await source.close();
      expect(gone).to.equal(1);
      server.close();
    }
  });

  it('passes reports on, and says when they could not be stored', async () => {
    let stores = true;
    const queue = await openSocketJobQueue(async () => {
      if (!stores) throw new Error('no');
    });
    const source = await socketJobSource(queue.port, () => {});
    const report = { key: 'demo/jobs', cause: 'w:1', data: {} as never };
    await source.transport.send('heartbeat', report);
    stores = false;
    const refused = await source.transport.send('heartbeat', report).then(
      () => false,
      () => true,
    );
    expect(refused).to.equal(true);
    await source.close();
    await queue.close();
  });
});
