import type { Health } from '../ports/service.ts';

/** Asks everything that must be well, whenever somebody wants to know. A check that throws is not well. */
export function createHealth(): Health {
  const checks = new Map<string, () => { ready: boolean; detail: string }>();
  return {
    watch: (name, check) => {
      checks.set(name, check);
    },
    report: () => {
      const results: Record<string, { ready: boolean; detail: string }> = {};
      for (const [name, check] of checks) {
        try {
          results[name] = check();
        } catch (error) {
          results[name] = { ready: false, detail: String(error) };
        }
      }
      return { ready: Object.values(results).every((result) => result.ready), checks: results };
    },
  };
}
