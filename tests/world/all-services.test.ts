import { expect } from 'chai';
import { liveThrough } from './live-through.ts';
import { forEachSeed, worldSeeds } from './seeds.ts';

const seeds = worldSeeds(20);
const seen = { up: 0, down: 0, failed: 0, reverted: 0, finished: 0, crashes: 0, plans: 0, suspect: 0, dead: 0 };

async function live(seed: number): Promise<void> {
  const { world, invariants } = await liveThrough(seed);
  const { plans, rollouts, loads } = invariants;
  for (const { from, to } of world.cast.actuator.changes) seen[to > from ? 'up' : 'down'] += 1;
  for (const { status } of rollouts.values()) if (status in seen) seen[status as 'failed'] += 1;
  seen.crashes += world.counts.crashes;
  seen.plans += plans.size;
  seen.suspect += loads.filter(({ snapshot }) => !snapshot.quality.trusted).length;
  seen.dead += world.backend.deadLetters().length;
}

describe('all services in one world', function () {
  this.timeout(0);

  it(`keep the invariants while everything fails now and then, and settle afterwards (${seeds.length} seeds)`, async () => {
    await forEachSeed(seeds, live);
    if (process.env.WORLD_TALK) process.stderr.write(`${JSON.stringify(seen)}\n`);
    if (seeds.length < 10) return;
    for (const what of ['up', 'down', 'finished', 'crashes', 'suspect'] as const) {
      expect(seen[what], `a test in which this never happens shows nothing: ${what}`).to.be.greaterThan(0);
    }
  });
});
