import type { Actuator } from '../ports.ts';

/**
 * For pools that nobody scales: they are watched and planned for, and every order is refused.
 *
 * @param why what is missing
 */
export function createNoneActuator(why = 'the pool names no actuator'): Actuator {
  const refused = { ok: false, reason: 'not_offered', detail: why } as const;
  return {
    takesOrders: false,
    current: async () => ({ workers: 0, ready: 0, owner: `nobody (${why})` }),
    setWorkers: async () => refused,
    retire: async () => refused,
    kept: async () => [],
  };
}
