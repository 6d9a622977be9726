import { expect } from 'chai';
import { openSocketJobQueue } from './socket-job-queue.ts';
import { socketJobSource } from './socket-job-source.ts';

const job = (number: number) => ({ number, serviceSec: 1, enqueuedMs: 0 });
const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the socket job queue', () => {
  it('gives every job out, as many at a time as a worker has slots', async () => {
    const queue = await openSocketJobQueue(async () => {});
    const source = await socketJobSource(queue.port, () => {});
    let atOnce = 0;
    let most = 0;
    await source.start(2, async () => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce--;
    });
    await queue.add([1, 2, 3, 4, 5].map(job));
    await until(async () => (await queue.completed()) === 5);
    expect(most).to.equal(2);
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
    await second.start(1, async () => {});
    await until(async () => (await queue.completed()) === 1);
    await second.close();
    await queue.close();
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
