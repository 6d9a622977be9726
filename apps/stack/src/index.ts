export { type ServiceName, serviceDefinitions, serviceNames } from './definitions.ts';
export { endLeftovers } from './end-leftovers.ts';
export { runAlone } from './run-alone.ts';
export { openServers, type Servers, type ServersOptions } from './servers.ts';
export { type Stack, type StackOptions, startStack } from './start-stack.ts';
