import { CapacityError, check, type Pool } from '@capplan/contracts';
import Type, { type Static } from 'typebox';
import type { WorkerCommand } from './adapters/process-actuator.ts';

/** How workers are started, by pool id; `*` stands for every pool without an entry of its own. */
const WorkerCommands = Type.Record(
  Type.String(),
  Type.Object(
    {
      command: Type.String({ minLength: 1 }),
      args: Type.Optional(Type.Array(Type.String())),
      env: Type.Optional(Type.Record(Type.String(), Type.String())),
      cwd: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
);

/**
 * Reads the commands from their JSON text.
 *
 * @example parseWorkerCommands('{"shop/checkout":{"command":"node","args":["worker.js"]}}')
 */
export function parseWorkerCommands(text: string): (pool: Pool) => WorkerCommand | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's own error holds a piece of the text, in which passwords may stand.
    throw new CapacityError('invalid_input', 'EXECUTOR_WORKER_COMMANDS is not JSON');
  }
  const checked = check(WorkerCommands, parsed);
  if (!checked.ok) {
    throw new CapacityError('invalid_input', `EXECUTOR_WORKER_COMMANDS: ${checked.problems.join('; ')}`);
  }
  const commands: Static<typeof WorkerCommands> = checked.value;
  return (pool) => {
    const found = commands[pool.id] ?? commands['*'];
    return found && { args: [], ...found };
  };
}
