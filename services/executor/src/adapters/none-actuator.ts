import type { Actuator } from '../ports.ts';

/** For pools that nobody scales: they are watched and planned for, and every order is refused. */
export function createNoneActuator(): Actuator {
  return {
    async current() {
      return { workers: 0, ready: 0, owner: 'nobody (the pool names no actuator)' };
    },
    async setWorkers() {
      return { ok: false, reason: 'not_offered', detail: 'the pool names no actuator' };
    },
  };
}
