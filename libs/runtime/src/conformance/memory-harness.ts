import { createRandomStream } from '@capplan/random';
import { createVirtualClock } from '../clock/virtual-clock.ts';
import type { Faults } from '../memory/faults.ts';
import { createMemoryBackend, type MemoryContext } from '../memory/memory-backend.ts';
import type { Harness } from './harness.ts';

/** The memory world as a subject of the conformance suites. */
export async function openMemoryHarness(faults: Faults = {}, seed = 1): Promise<Harness> {
  const clock = createVirtualClock({ startMs: Date.UTC(2026, 0, 1) });
  const backend = createMemoryBackend({ clock, random: createRandomStream(seed), faults });
  let replicas = 0;
  return {
    context: async (name) => backend.context(name, `${++replicas}`),
    kill: async (context) => (context as MemoryContext).crash(),
    pass: clock.advance,
    settled: (promise) => clock.waitFor(promise),
    inject: async ({ subject, id, text, type, key }) => backend.inject({ subject, id, text }, type, key),
    injectRecord: async (bucket, key, text) => backend.bucket(bucket).inject(key, text),
    keptRevisions: async (bucket, key) => backend.bucket(bucket).kept(key),
    followers: async (bucket) => backend.bucket(bucket).followers(),
    deadLetters: async () =>
      backend.deadLetters().map(({ consumer, reason, subject }) => ({ consumer, reason, subject })),
    close: async () => {},
  };
}
