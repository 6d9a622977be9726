import { createVirtualClock } from '@capplan/runtime';
import { describeActuatorConformance } from '../conformance/actuator.ts';
import { samplePool, startMs } from '../conformance/samples.ts';
import { createMemoryActuator } from './memory-actuator.ts';

describeActuatorConformance('the memory twin', async () => {
  const clock = createVirtualClock({ startMs });
  return { actuator: createMemoryActuator(clock), pool: samplePool(), pass: (ms) => clock.advance(ms) };
});
