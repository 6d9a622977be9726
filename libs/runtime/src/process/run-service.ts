import { isCapacityError } from '@capplan/contracts';
import type { TObject } from 'typebox';
import { describeError } from '../bus/handle-message.ts';
import { type RunningService, type ServiceDefinition, startService } from './start-service.ts';

/** How a process ends, for whoever started it. */
export const exitCodes = { stopped: 0, failed: 1, badConfig: 2, serversMissing: 3, stopTimedOut: 4 } as const;

/**
 * Makes this process be one service: starts it, and stops it on SIGTERM or SIGINT (a second one ends the process at
 * once). An error that nobody caught ends it too: a process in an unknown state is worth less than a new one.
 *
 * @example await runService({ name: 'planner', configSchema: PlannerConfig, create: createPlannerService });
 */
export async function runService<S extends TObject>(definition: ServiceDefinition<S>): Promise<void> {
  let running: RunningService | undefined;
  let isEnding = false;

  const end = async (code: number): Promise<never> => {
    if (isEnding) process.exit(exitCodes.failed);
    isEnding = true;
    try {
      const inTime = (await running?.stop()) ?? true;
      process.exit(inTime ? code : exitCodes.stopTimedOut);
    } catch (error) {
      process.stderr.write(`${definition.name} could not stop: ${describeError(error)}\n`);
      process.exit(exitCodes.failed);
    }
  };
  const fail = (what: string) => (error: unknown) => {
    const facts = { error };
    if (running) running.context.log.error(facts, what);
    else process.stderr.write(`${definition.name}: ${what}: ${describeError(error)}\n`);
    void end(exitCodes.failed);
  };
  process.on('SIGTERM', () => void end(exitCodes.stopped));
  process.on('SIGINT', () => void end(exitCodes.stopped));
  process.on('uncaughtException', fail('An error that nobody caught'));
  process.on('unhandledRejection', fail('A rejection that nobody handled'));

  try {
    running = await startService(definition, process.env);
  } catch (error) {
    process.stderr.write(`${definition.name} cannot start. ${describeError(error)}\n`);
    if (isCapacityError(error, 'invalid_input')) process.exit(exitCodes.badConfig);
    process.exit(isCapacityError(error, 'unavailable') ? exitCodes.serversMissing : exitCodes.failed);
  }
}
