import { createRandomStream } from '@capplan/random';
import { createSystemClock } from '@capplan/runtime/clock';
import { createWorkerReporter } from '@capplan/worker-sdk';
import type { JobSource } from './job-source.ts';
import { createScaledClock } from './scaled-clock.ts';
import type { WorkerSettings } from './worker-settings.ts';

/*
 * One worker process: takes jobs from the queue, holds a slot for as long as each says, and reports itself.
 * SIGTERM lets it finish what it has and go. When its queue is gone, or whoever started it, it ends too: it would be in
 * nobody's books.
 */

const settings = JSON.parse(process.env.CAPPLAN_DEMO_WORKER ?? '{}') as WorkerSettings;
const workerName = process.env.CAPPLAN_WORKER ?? `w-${process.pid}`;
const clock = createScaledClock(createSystemClock(), settings);

/** What is under way may take so long to finish once nobody needs this worker any more, real ms. */
const lastWordsMs = 5000;
/** Real time between two looks at whether the starter is still there. */
const starterMs = 1000;

const fail = (what: string) => (error: unknown) => {
  process.stderr.write(`${workerName}: ${what}: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
};
process.on('uncaughtException', fail('an error that nobody caught'));
process.on('unhandledRejection', fail('a rejection that nobody handled'));

const source = await openSource(settings).catch(fail('its queue cannot be reached'));
const reporter = createWorkerReporter({
  transport: source.transport,
  pool: settings.pool,
  worker: workerName,
  concurrency: settings.concurrency,
  clock,
  random: createRandomStream(`${workerName}-${Date.now()}`),
  intervalMs: settings.reportEverySec * 1000,
  backlog: source.waiting,
});

await source.start(settings.concurrency, async (job) => {
  const startedMs = clock.nowMs();
  reporter.jobStarted();
  await clock.sleep(job.serviceSec * 1000);
  const finishedMs = clock.nowMs();
  reporter.jobFinished({
    waitSec: Math.max(0, startedMs - job.enqueuedMs) / 1000,
    serviceSec: (finishedMs - startedMs) / 1000,
    ok: true,
  });
  return { number: job.number, startedMs, finishedMs };
});
await reporter.start();

let leaving = false;
async function leave(): Promise<void> {
  if (leaving) return;
  leaving = true;
  reporter.drain();
  await source.drain();
  // The wait is in virtual time; a real second is enough for the last words.
  await reporter.stop({ waitMs: 1000 * settings.speed });
  await source.close();
  process.exit(0);
}
process.on('SIGTERM', () => void leave());
setInterval(() => {
  if (process.ppid === settings.starterPid) return;
  setTimeout(() => process.exit(1), lastWordsMs);
  void leave();
}, starterMs);
// Ctrl-C reaches the whole group of processes; whoever started this one says when it is to go.
process.on('SIGINT', () => {});

async function openSource({ servers, queue }: WorkerSettings): Promise<JobSource> {
  if (servers.kind === 'socket') {
    const { socketJobSource } = await import('./socket-job-source.ts');
    return socketJobSource(servers.port, () => process.exit(0));
  }
  const [{ bullmqJobSource }, { createNatsTransport }] = await Promise.all([
    import('./bullmq-job-source.ts'),
    import('@capplan/worker-sdk'),
  ]);
  const transport = await createNatsTransport({ url: servers.natsUrl, name: workerName, access: servers.nats });
  return bullmqJobSource({ redisUrl: servers.redisUrl, queue, transport });
}
