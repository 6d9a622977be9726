import { isCapacityError } from '@capplan/contracts';
import { runAlone, serviceNames } from '@capplan/stack';
import { type Command, exitCodes, InputError } from '../command.ts';

const help = `capplan service NAME

Runs one service in this process until SIGTERM or Ctrl-C. Settings come from the environment; NATS_URL and REDIS_URL say
where the servers are.

  NAME   ${serviceNames.join(', ')}

example: NATS_URL=nats://127.0.0.1:4222 REDIS_URL=redis://127.0.0.1:6379 capplan service planner
`;

export const command: Command = {
  name: 'service',
  summary: 'run one service alone',
  help,
  run: async ([name, ...rest]) => {
    if (name === undefined || rest.length > 0) throw new InputError(`name one service: ${serviceNames.join(', ')}`);
    try {
      await runAlone(name);
    } catch (error) {
      if (isCapacityError(error, 'invalid_input') || isCapacityError(error, 'unimplemented'))
        throw new InputError(error.message);
      throw error;
    }
    // The service ends the process itself when it is told to stop.
    await new Promise(() => {});
    return exitCodes.ok;
  },
};
