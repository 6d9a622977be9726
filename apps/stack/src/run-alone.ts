import { CapacityError } from '@capplan/contracts';
import { runService } from '@capplan/runtime';
import { type ServiceName, serviceDefinitions, serviceNames } from './definitions.ts';

/**
 * Makes this process be one service, with its settings from the environment.
 *
 * @throws `invalid_input` when there is no service of that name, `unimplemented` for the operator
 */
export async function runAlone(name: string): Promise<void> {
  if (name === 'operator') {
    throw new CapacityError('unimplemented', 'the operator is not built yet: services/operator holds its ports only');
  }
  if (!(name in serviceDefinitions)) {
    throw new CapacityError('invalid_input', `there is no service '${name}'; there are ${serviceNames.join(', ')}`);
  }
  await runService(serviceDefinitions[name as ServiceName] as Parameters<typeof runService>[0]);
}
