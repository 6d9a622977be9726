import type { Trials } from '../ports.ts';

/** For running without a simulator: formulas decide alone, and plans say so. */
export function createNoneTrials(): Trials {
  return {
    async compare() {
      return { simulated: false, reason: 'no simulator is configured' };
    },
  };
}
