import {
  type Actor,
  type Plan,
  type ReplyData,
  type RequestData,
  type RequestName,
  systemKey,
} from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, type MemoryContext, type Service } from '@capplan/runtime';
import { createCast } from './cast.ts';
import { worldFaults } from './faults.ts';
import { drawSettings } from './settings.ts';
import { createSimulatedPool } from './simulated-pool.ts';

export const startMs = Date.parse('2026-03-02T08:00:07Z');
const stepMs = 10_000;
const people: Actor[] = [
  { id: 'ada', kind: 'user', second_factor: true },
  { id: 'grace', kind: 'user', second_factor: true },
  { id: 'guest', kind: 'user' },
];

interface Replica {
  context: MemoryContext;
  service: Service;
  /** When a dead one is started again. */
  backMs: number;
}

/** One world: all services on one faulty backend, a pool of workers, people, and a clock that is moved by hand. */
export async function openWorld(seed: number) {
  const random = createRandomStream(`world/${seed}`);
  const settings = drawSettings(random.fork('settings'), startMs);
  const { pool, policy } = settings;
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: random.fork('backend') });
  const cast = createCast(settings, { clock, random });
  const chance = random.fork('chance');
  const replicas = new Map<string, Replica>();
  const counts = { crashes: 0, cuts: 0, commands: 0 };

  const launch = (name: string, instance: string): void => {
    const context = backend.context(name, instance);
    const service = (cast.makers[name] as (typeof cast.makers)[string])(context);
    replicas.set(`${name}/${instance}`, { context, service, backMs: 0 });
    service.start().catch(() => context.crash());
  };
  for (const name of Object.keys(cast.makers)) {
    // One engine and one reader of depths are enough.
    const wanted = name === 'simulator' ? 1 : settings.replicas;
    for (let i = 0; i < wanted; i++) launch(name, 'abc'[i] as string);
  }
  await clock.advance(1000);

  const outside = backend.context('outside');
  const jobs = createSimulatedPool({
    pool: pool.id,
    bus: outside.bus,
    clock,
    random: random.fork('jobs'),
    concurrency: pool.concurrency,
    serviceMeanSec: settings.serviceMeanSec,
    reportEveryMs: Math.min(30_000, settings.intervalSec * 667),
    failureShare: 0.01,
  });

  /** Asks as a person does; undefined when it was refused or nobody answered. */
  const ask = <N extends RequestName>(name: N, data: RequestData<N>, actor: Actor = people[0] as Actor) => {
    const key = name.startsWith('policy') ? systemKey(policy.id) : pool.id;
    return outside.bus.request(name, data, { key, actor }).then(
      (answer) => answer as ReplyData<N> | undefined,
      () => undefined,
    );
  };

  const must = async <N extends RequestName>(name: N, data: RequestData<N>): Promise<ReplyData<N>> => {
    for (let attempt = 0; attempt < 10; attempt++) {
      const answer = await clock.waitFor(ask(name, data));
      if (answer !== undefined) return answer;
    }
    throw new Error(`${name} was not answered`);
  };
  cast.actuator.place(pool.id, settings.workersAtStart);
  jobs.hold(settings.workersAtStart);
  await must('policy.put', { policy, must: 'create' });
  await must('pool.put', { pool });

  /** People approve, reject, cancel and order as they like. */
  const people_ = async (): Promise<void> => {
    const listed = await ask('plan.list', { pool: pool.id, limit: 5 });
    const who = people[chance.integer(people.length)] as Actor;
    const open = listed?.plans.find(({ status }: Plan) =>
      ['proposed', 'awaiting_approval', 'approved'].includes(status),
    );
    const dice = chance.next();
    counts.commands += 1;
    if (open && dice < 0.7) await ask('plan.approve', { plan_id: open.id }, who);
    else if (open && dice < 0.8) await ask('plan.cancel', { plan_id: open.id }, who);
    else if (open && dice < 0.9) await ask('plan.reject', { plan_id: open.id }, who);
    else if (dice < 0.96) {
      const target = chance.integer(policy.scaling.max_workers + 2);
      await ask('plan.create', { pool: pool.id, target_workers: target }, who);
    } else {
      const done = listed?.plans.find(({ status }) => status === 'completed');
      if (done) await ask('plan.rollback', { plan_id: done.id }, who);
    }
  };

  const misfortune = (): void => {
    for (const [place, replica] of replicas) {
      const [name, instance] = place.split('/') as [string, string];
      const { context } = replica;
      if (!context.isUp() && replica.backMs === 0) replica.backMs = clock.nowMs() + 1 + chance.integer(120_000);
      if (replica.backMs > 0 && clock.nowMs() >= replica.backMs) launch(name, instance);
      if (replica.backMs > 0 || settings.severity === 0) continue;
      if (chance.next() < 0.004 * settings.severity) {
        counts.crashes += 1;
        context.crashAtOperation(1 + chance.integer(25), chance.next() < 0.5 ? 'before' : 'after');
      } else if (chance.next() < 0.001 * settings.severity) {
        counts.cuts += 1;
        context.cutOff();
        clock.at(clock.nowMs() + 1 + chance.integer(90_000), context.heal);
      }
    }
    if (settings.severity === 0) return;
    if (chance.next() < 0.002 * settings.severity) cast.depths.unreachable = !cast.depths.unreachable;
    if (cast.depths.unreachable && chance.next() < 0.1) cast.depths.unreachable = false;
    if (chance.next() < 0.002 * settings.severity) jobs.loseWorker();
    if (chance.next() < 0.002) {
      cast.actuator.setStuck(true);
      clock.at(clock.nowMs() + chance.integer(300_000), () => cast.actuator.setStuck(false));
    }
  };

  /** Ten seconds of life. */
  const step = async (ratePerSec: number): Promise<void> => {
    await clock.advance(stepMs);
    jobs.live(ratePerSec);
    const { ready } = await cast.actuator.current(pool);
    jobs.hold(ready);
    cast.depths.set(pool.queue.name, jobs.waiting);
  };

  return {
    settings,
    clock,
    backend,
    cast,
    jobs,
    counts,
    must,
    step,
    contexts: () => [...replicas.values()].map(({ context }) => context),
    nowSec: () => (clock.nowMs() - startMs) / 1000,
    /** From now on things go wrong. */
    beginTrouble: () => {
      backend.setFaults(worldFaults(settings.severity));
      cast.ordered.severity = settings.severity;
    },
    /** Ten seconds in which things go wrong. */
    async troubledStep(): Promise<void> {
      misfortune();
      if (chance.next() < (policy.mode === 'auto' ? 0.005 : 0.06)) void people_();
      await step(settings.rateAt((clock.nowMs() - startMs) / 1000));
    },
    /** Nothing goes wrong any more, and every service starts once more. */
    endTrouble(): void {
      backend.setFaults({});
      cast.ordered.severity = 0;
      cast.depths.unreachable = false;
      cast.actuator.setStuck(false);
      outside.heal();
      for (const [place, { context }] of replicas) {
        context.crash();
        launch(...(place.split('/') as [string, string]));
      }
    },
  };
}
export type World = Awaited<ReturnType<typeof openWorld>>;
