import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CapacityError, isCapacityError, systemKey } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createSystemClock, type OpenContext } from '@capplan/runtime';
import { openServers, startStack } from '@capplan/stack';
import type { ArrivalTrace } from '@capplan/traces';
import { createArrivalReporter, createBusTransport } from '@capplan/worker-sdk';
import type { DemoArguments } from './arguments.ts';
import { type Arrival, arrivalsOf } from './arrivals.ts';
import { awaitFirstWorkers, declarePool, settlePolicy } from './begin-pool.ts';
import { bringHistory } from './bring-history.ts';
import { type DemoPool, demoPool, demoPoolId } from './demo-pool.ts';
import { createJobLedger } from './job-ledger.ts';
import type { JobQueue } from './job-queue.ts';
import { judgeRun, type RunVerdict } from './judge-run.ts';
import { openOwnRecords } from './own-records.ts';
import { startProducer } from './producer.ts';
import { openQueue } from './queue-place.ts';
import { createReactiveRule } from './reactive-rule.ts';
import { incompleteness } from './run-marks.ts';
import { createScaledClock, type TimeScale } from './scaled-clock.ts';
import { createScoreboard, type Scoreboard } from './scoreboard.ts';
import type { ScreenState } from './screen.ts';
import { serviceSettings } from './service-settings.ts';
import type { RunSummary } from './summary.ts';
import type { WorkerSettings } from './worker-settings.ts';

export interface DemoRun {
  apiUrl: string;
  token: string;
  notice: string | undefined;
  demo: DemoPool;
  screen(): ScreenState;
  /** Stops everything without adding up, whatever state it is in. */
  abandon(): Promise<void>;
  /** Ends arrivals, stops workers, services and servers, and adds up. */
  stop(): Promise<RunSummary>;
}

export interface DemoRunOptions {
  args: DemoArguments;
  /** Any trace; it is scaled to the load that was asked for. */
  traceFor(demo: DemoPool): ArrivalTrace;
  traceName: string;
  traceStartMs: number;
  dataDir: string;
  env: Readonly<Record<string, string | undefined>>;
  startedRealMs: number;
  /** Gives up a start that is under way. A run that has started is stopped with `stop`. */
  signal: AbortSignal;
  say(sentence: string): void;
}

/** Reports and reactive figures are looked at this often, real ms. */
const reactiveEveryMs = 5000;

/**
 * Starts everything: servers, services, the demo's pool and its arrivals. What was started is stopped again when the rest
 * cannot be, or when the start is given up.
 *
 * @throws `conflict` when the port is taken, and whatever the signal was aborted with
 */
export async function startDemo(options: DemoRunOptions): Promise<DemoRun> {
  const { args, dataDir, env, say, signal } = options;
  const realClock = createSystemClock();
  await mkdir(dataDir, { recursive: true });
  const scale = await timeScale(dataDir, {
    virtualOriginMs: options.traceStartMs,
    realOriginMs: realClock.nowMs(),
    speed: args.speed,
  });
  const clock = createScaledClock(realClock, scale);
  const plan = demoPool({ speed: args.speed, loadWorkers: args.loadWorkers, nowMs: clock.nowMs() });
  const trace = options.traceFor(plan);
  const undo: (() => Promise<unknown>)[] = [];
  /** Takes back what was started, the newest first, down to the first `keep`. */
  const unwind = async (keep = 0) => {
    for (const step of undo.splice(keep).reverse()) await step();
  };

  try {
    const servers = await openServers({ dataDir, env, clock, mayInstall: args.install, signal, say });
    undo.push(() => servers.stop());
    signal.throwIfAborted();
    const place = await openQueue(servers);
    const asked = place.adapt(plan);
    undo.push(() => place.queue.close());
    const queueStands = undo.length;
    const workers: WorkerSettings = {
      ...scale,
      pool: demoPoolId,
      queue: asked.pool.queue.name,
      concurrency: asked.pool.concurrency,
      reportEverySec: Math.max(1, asked.snapshotIntervalSec / 3),
      starterPid: process.pid,
      servers: place.forWorkers,
    };
    const stack = await startStack({
      servers,
      dataDir,
      clock,
      logLevel: (env.LOG_LEVEL as 'info' | undefined) ?? 'error',
      env: { ...serviceSettings(asked, args.speed), GATEWAY_PORT: String(args.port) },
      drainMs: 3000,
      commandFor: (pool) =>
        pool === demoPoolId
          ? { command: process.execPath, args: [workerFile()], env: { CAPPLAN_DEMO_WORKER: JSON.stringify(workers) } }
          : undefined,
    }).catch((error: unknown) => {
      throw isTaken(error) ? portTaken(args.port, error) : error;
    });
    undo.push(() => stack.stop());
    const context = await stack.open('demo');
    undo.push(() => context.close());
    place.reportTo(context);
    signal.throwIfAborted();

    const startUpSec = (realClock.nowMs() - options.startedRealMs) / 1000;
    const records = await openOwnRecords(join(dataDir, 'own-records.json'), context.bus);
    const declared = await declarePool({ records, demo: asked, say });
    say(`the API is up; waiting for the first ${declared.pool.initial_workers ?? 1} workers`);
    const demo = await awaitFirstWorkers({
      context,
      records,
      demo: declared,
      clock,
      realClock,
      speed: args.speed,
      signal,
    });
    const token = await stack.issueToken('demo', ['admin', 'finance'], ['pwd', 'otp']);
    const history = args.history
      ? await bringHistory({
          apiUrl: stack.url,
          token,
          demo,
          loadWorkers: args.loadWorkers,
          seed: args.seed,
          untilMs: options.traceStartMs,
          realClock,
          signal,
          say,
        })
      : undefined;
    const settling = new AbortController();
    settlePolicy({ records, demo, clock, signal: settling.signal }).catch((error: unknown) =>
      say(`the policy still keeps the first workers: ${error instanceof Error ? error.message : String(error)}`),
    );
    undo.push(async () => settling.abort());

    const startedMs = clock.nowMs();
    const scoreboard = createScoreboard(demo, startedMs);
    const following = await followRun(context, scoreboard);
    undo.push(() => Promise.all(following.map((subscription) => subscription.stop())));
    const latencyOf = demo.policy.slo.latency_of ?? 'response';
    const ledger = createJobLedger({ startedMs, targetSec: demo.targetSec, latencyOf });
    const readFinished = async () => {
      for (const job of await place.queue.finished()) ledger.finished(job);
    };
    const reactive = createReactiveRule(demo, startedMs);
    const arrivals = watched(arrivalsFrom(trace, demo, args.seed, startedMs), ({ number, atMs }) => {
      reactive.arrived(atMs);
      ledger.submitted({ number, enqueuedMs: atMs });
    });
    const reporter = createArrivalReporter({
      transport: createBusTransport(context.bus),
      pool: demoPoolId,
      source: 'demo',
      clock,
      intervalMs: (demo.snapshotIntervalSec * 1000) / 3,
    });
    const producer = startProducer({ arrivals, queue: place.queue, clock, realClock, reporter, onError: () => {} });
    undo.push(() => producer.stop());
    let reactiveNow: RunVerdict | null = null;
    let completed = 0;
    const looking = realClock.every(
      reactiveEveryMs,
      async () => {
        if (!args.headless) reactiveNow = reactive.outcome(clock.nowMs());
        completed = await place.queue.completed();
        await readFinished();
      },
      () => {},
    );
    undo.push(() => looking.stop());

    const currency = demo.policy.cost.currency ?? 'USD';
    const restarts = Number(env.CAPPLAN_RESTARTS ?? 0);
    /** The figures of the run until a moment, and what they do not cover. */
    const addUp = (nowMs: number, finishedUnseen: number) => {
      const board = scoreboard.figures(nowMs);
      const standing = ledger.standing(nowMs);
      return {
        board,
        standing,
        verdict: judgeRun({ minutes: standing.minutes, workerSec: board.workerSec }, demo),
        gaps: { ...board, ...standing, finishedUnseen, restarts },
      };
    };
    return {
      apiUrl: stack.url,
      token,
      notice: servers.notice,
      demo,
      screen: () => {
        const nowMs = clock.nowMs();
        const { board, verdict, gaps } = addUp(nowMs, 0);
        return {
          title: `Capacity Planner, replaying ${options.traceName}`,
          apiUrl: stack.url,
          notice: servers.notice,
          historyDays: history?.days ?? 0,
          nowMs,
          startedMs,
          speed: args.speed,
          targetSec: demo.targetSec,
          moments: scoreboard.moments(),
          board,
          verdict,
          // What is under way is no gap of a run that goes on.
          marks: incompleteness({ ...gaps, unfinished: gaps.unfinishedLate }),
          jobsSubmitted: producer.submitted(),
          jobsCompleted: completed,
          reactive: reactiveNow,
          currency,
          lastPlan: scoreboard.lastPlan(),
        };
      },
      abandon: () => unwind(),
      stop: async () => {
        await producer.stop();
        const endedMs = producer.coveredMs();
        const owed = producer.owed();
        const audit = await verifyAudit(context);
        // Workers end with the services; only then does the count of jobs hold still.
        await unwind(queueStands);
        const { open, ...counts } = await countJobs(place.queue);
        await readFinished();
        const rule = reactive.outcome(endedMs);
        const elsewhere = open + counts.jobs_lost + owed;
        const unseen = Math.max(0, ledger.standing(endedMs).unfinished - elsewhere);
        const { board, standing, verdict, gaps } = addUp(endedMs, unseen);
        await unwind();
        const incomplete = incompleteness({ ...gaps, unfinished: gaps.unfinished - unseen });
        return {
          slo_attainment: verdict.attainment,
          p95_response_s: standing.responseSecP95,
          minutes_judged: verdict.minutes,
          minutes_missed: verdict.minutesMissed,
          jobs_judged: verdict.jobs,
          jobs_late: verdict.jobsLate,
          jobs_unfinished: standing.unfinished - unseen,
          max_backlog: board.maxBacklog,
          worker_hours: verdict.workerHours,
          cost: verdict.cost,
          forecast_wape: board.forecastWape,
          plans_proposed: board.plansProposed,
          plans_carried_out: board.plansCarriedOut,
          windows: board.windows,
          windows_measured: board.windowsMeasured,
          complete: incomplete.length === 0,
          incomplete,
          reactive_cost: rule?.cost ?? null,
          reactive_slo_attainment: rule?.attainment ?? null,
          reactive_minutes_missed: rule?.minutesMissed ?? null,
          ...counts,
          audit_records: audit?.records ?? 0,
          audit_intact: audit?.intact ?? null,
          start_up_s: startUpSec,
          virtual_hours: (endedMs - startedMs) / 3_600_000,
          currency,
          servers: servers.kind === 'memory' ? 'in memory' : 'nats and redis',
        };
      },
    };
  } catch (error) {
    await unwind().catch(() => {});
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return (
    isCapacityError(error, 'conflict') && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
  );
}

function portTaken(port: number, cause: unknown): CapacityError {
  const sentence = `port ${port} is taken by another program: stop that one, or choose another port with --port N`;
  return new CapacityError('conflict', `${sentence} (without it a free one is taken)`, { cause });
}

/** A folder that was used before goes on in its own virtual time. */
async function timeScale(dataDir: string, fresh: TimeScale): Promise<TimeScale> {
  const file = join(dataDir, 'time-scale.json');
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found !== undefined) return JSON.parse(found) as TimeScale;
  await writeFile(file, JSON.stringify(fresh));
  return fresh;
}

async function followRun({ bus }: OpenContext, scoreboard: Scoreboard) {
  const other = [
    'plan.approved',
    'plan.rejected',
    'plan.cancelled',
    'plan.superseded',
    'plan.expired',
    'plan.executing',
    'plan.failed',
    'plan.reverted',
  ] as const;
  return Promise.all([
    bus.follow('load.observed', ({ envelope }) => scoreboard.snapshot(envelope.data)),
    bus.follow('forecast.made', ({ envelope }) => scoreboard.forecast(envelope.data)),
    bus.follow('capacity.sized', ({ envelope }) => scoreboard.requirement(envelope.data)),
    bus.follow('plan.proposed', ({ envelope }) => scoreboard.plan('proposed', envelope.data)),
    bus.follow('plan.completed', ({ envelope }) => scoreboard.plan('completed', envelope.data)),
    ...other.map((event) => bus.follow(event, ({ envelope }) => scoreboard.plan('other', envelope.data))),
  ]);
}

/** A long walk along the log answers 'ask again' and goes on meanwhile; real ms between two questions, and their number. */
const verifyEveryMs = 20;
const verifyTriesMax = 500;

async function verifyAudit({ bus }: OpenContext): Promise<{ records: number; intact: boolean } | undefined> {
  const actor = { id: 'demo', kind: 'service' } as const;
  for (let tries = 0; tries < verifyTriesMax; tries++) {
    try {
      return await bus.request('audit.verify', {}, { key: systemKey('audit'), actor, timeoutMs: 20_000 });
    } catch (error) {
      if (!isCapacityError(error, 'unavailable')) return undefined;
      await new Promise((resolve) => setTimeout(resolve, verifyEveryMs));
    }
  }
  return undefined;
}

async function countJobs(queue: JobQueue) {
  const [submitted, completed, open] = await Promise.all([queue.submitted(), queue.completed(), queue.open()]);
  return {
    open,
    jobs_submitted: submitted,
    jobs_completed: completed,
    jobs_lost: Math.max(0, submitted - completed - open),
  };
}

/** The same jobs under the same numbers, beginning with those that are still to come. */
function* arrivalsFrom(trace: ArrivalTrace, demo: DemoPool, seed: number, fromMs: number): Generator<Arrival> {
  for (const arrival of arrivalsOf(trace, { demo, random: createRandomStream(`demo-${seed}`) })) {
    if (arrival.atMs >= fromMs) yield arrival;
  }
}

function* watched<T>(items: Iterable<T>, see: (item: T) => void): Generator<T> {
  for (const item of items) {
    see(item);
    yield item;
  }
}

function workerFile(): string {
  return fileURLToPath(new URL('./worker.js', import.meta.url));
}
