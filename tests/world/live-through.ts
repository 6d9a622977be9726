import type { Rollout } from '@capplan/contracts';
import { expect } from 'chai';
import { type Invariants, watchInvariants } from './invariants.ts';
import { openWorld, type World } from './world.ts';

/** Lives through one world, looks at its invariants after every step, and at what is left when all has calmed down. */
export async function liveThrough(seed: number): Promise<{ world: World; invariants: Invariants }> {
  const world = await openWorld(seed);
  const invariants = watchInvariants(world);
  world.beginTrouble();
  while (world.nowSec() < world.settings.livesSec) {
    await world.troubledStep();
    await invariants.check();
  }
  world.endTrouble();
  await settle(world, invariants);
  await expectSettled(world, invariants);
  return { world, invariants };
}

/** Calm demand for a while, then no new plans, until whatever was under way has ended. */
async function settle(world: World, invariants: Invariants): Promise<void> {
  const { settings, must, step } = world;
  const rate = settings.rateAt(settings.livesSec);
  for (let i = 0; i < 18; i++) {
    await step(rate);
    await invariants.check();
  }
  await must('policy.put', { policy: { ...settings.policy, enabled: false }, must: 'update' });
  for (let i = 0; i < 300 && (i < 12 || isUnderWay(invariants)); i++) {
    await step(rate);
    await invariants.check();
  }
  world.jobs.hold(0);
  for (let i = 0; i < 60 && (i < 12 || world.backend.pending() > 0); i++) {
    await step(0);
    await invariants.check();
  }
}

function isUnderWay({ plans, rollouts }: Invariants): boolean {
  const isOpen = [...plans.values()].some(({ status }) => status === 'approved' || status === 'executing');
  return isOpen || [...rollouts.values()].some(isRunning);
}

function isRunning({ status }: Rollout): boolean {
  return status === 'running' || status === 'held';
}

async function expectSettled(world: World, { plans, rollouts, everApproved }: Invariants): Promise<void> {
  const { cast, backend, must, settings } = world;
  for (const id of everApproved) {
    const status = plans.get(id)?.status;
    expect(
      ['completed', 'failed', 'reverted', 'cancelled', 'rejected', 'superseded', 'expired'],
      `5: ${id}`,
    ).to.include(status);
  }
  expect([...rollouts.values()].filter(isRunning), 'rollouts that never ended').to.deep.equal([]);
  expect(backend.pending(), 'messages that nobody took').to.equal(0);
  const verdict = await must('audit.verify', {});
  expect(verdict.intact, '8: the audit chain').to.equal(true);
  expect(verdict.records).to.be.greaterThan(0);
  const wrong = backend.deadLetters().filter(({ reason }) => reason === 'schema' || reason === 'malformed');
  expect(wrong, 'messages that nobody understood').to.deep.equal([]);

  const { workers } = await cast.actuator.current(settings.pool);
  const last = [...rollouts.values()].sort((a, b) => (a.updated_at < b.updated_at ? -1 : 1)).at(-1);
  const done = last?.steps.findLast(({ workers_after }) => workers_after !== undefined);
  if (last && done && last.status !== 'failed') expect(workers, `the end of ${last.id}`).to.equal(done.workers_after);
  if (cast.actuator.changes.length > 0) expect(workers).to.equal(cast.actuator.changes.at(-1)?.to);
}
