import { CapacityError } from '@capplan/contracts';
import type { Actuator, MemoryActuator } from '@capplan/executor-service';
import type { RandomStream } from '@capplan/random';
import type { Clock } from '@capplan/runtime';

export interface UnreliableActuator extends Actuator {
  /** 0: does as it is told, at once. */
  severity: number;
}

/** An actuator whose orders are lost, carried out without an answer, or carried out so late that others act meanwhile. */
export function unreliable(actuator: MemoryActuator, clock: Clock, random: RandomStream): UnreliableActuator {
  const strikes = (probability: number) => random.next() < probability * outer.severity;
  const silent = () => new CapacityError('unavailable', 'the actuator does not answer');
  const outer: UnreliableActuator = {
    severity: 0,
    async current(pool) {
      if (strikes(0.03)) throw silent();
      return actuator.current(pool);
    },
    retire: (order) => actuator.retire(order),
    kept: () => actuator.kept(),
    async setWorkers(order) {
      if (strikes(0.05)) throw silent();
      if (strikes(0.1)) await clock.sleep(1 + random.integer(20_000));
      const outcome = await actuator.setWorkers(order);
      if (strikes(0.05)) throw silent();
      return outcome;
    },
  };
  return outer;
}
