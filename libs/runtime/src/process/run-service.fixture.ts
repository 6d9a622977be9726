import Type from 'typebox';
import { runService } from './run-service.ts';

/** A process that does nothing, started by the tests of `runService`. */
await runService({
  name: 'idle',
  configSchema: Type.Object({ n: Type.Integer({ default: 1, env: 'IDLE_N', description: 'A number' }) }),
  create: (context) => ({ name: context.name, start: async () => {}, stop: async () => {} }),
});
