import type { Controller } from './controller.ts';

/** A fixed number of workers: what a team that sizes for the peak pays. */
export function createStaticPeak({ workers }: { workers: number }): Controller {
  return { name: 'static', everySec: 3600, initialWorkers: workers, decide: () => workers };
}
