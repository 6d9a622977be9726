import { CapacityError } from '@capplan/contracts';
import type { Simulations } from '../ports.ts';

/** For an installation without a simulator: every question is answered with the reason. */
export function createNoSimulations(): Simulations {
  const refuse = async (): Promise<never> => {
    throw new CapacityError('unimplemented', 'this installation runs no simulator; set SIMULATOR_URL');
  };
  return { simulate: refuse, compare: refuse };
}
