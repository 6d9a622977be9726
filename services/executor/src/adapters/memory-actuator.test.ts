import { createVirtualClock } from '@capplan/runtime';
import { describeActuatorConformance } from '../conformance/actuator.ts';
import { samplePool, startMs } from '../conformance/samples.ts';
import { createMemoryActuator } from './memory-actuator.ts';

describeActuatorConformance('the memory twin', async () => {
  const clock = createVirtualClock({ startMs });
  const actuator = createMemoryActuator(clock);
  const pool = samplePool();
  return { actuator, pool, pass: (ms) => clock.advance(ms), names: async () => actuator.workersOf(pool.id) };
});
