import type { Bus } from '@capplan/runtime';
import type { Owners } from '../ports.ts';

/** Asks over the bus; each owner answers from its own state. */
export function createBusOwners(bus: Bus, timeoutMs: number): Owners {
  return { ask: (name, data, options) => bus.request(name, data, { ...options, timeoutMs }) };
}
