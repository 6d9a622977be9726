/**
 * The seeds that a test lives through: one, when `WORLD_SEED` names it; else `WORLD_SEEDS` of them (or as many as the
 * test does by itself), from `WORLD_FIRST_SEED` on.
 */
export function worldSeeds(usual: number): number[] {
  const { WORLD_SEED: one, WORLD_SEEDS: count, WORLD_FIRST_SEED: first } = process.env;
  if (one !== undefined) return [Number(one)];
  return Array.from({ length: Number(count ?? usual) }, (_, i) => Number(first ?? 1) + i);
}

/** Lives through every seed and names those that failed, with how to repeat the first of them. */
export async function forEachSeed(seeds: readonly number[], live: (seed: number) => Promise<void>): Promise<void> {
  const failures: { seed: number; error: unknown }[] = [];
  for (const seed of seeds) {
    try {
      await live(seed);
    } catch (error) {
      failures.push({ seed, error });
      const told = error instanceof Error ? error.message : String(error);
      process.stderr.write(`seed ${seed}: ${told}\n`);
      if (failures.length >= 10) break;
    }
  }
  const [first] = failures;
  if (!first) return;
  const failed = failures.map(({ seed }) => seed).join(', ');
  throw new Error(`seeds ${failed} failed; repeat with WORLD_SEED=${first.seed} npm test world`, {
    cause: first.error,
  });
}
