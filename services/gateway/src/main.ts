import { runService } from '@capplan/runtime';
import { gatewayDefinition } from './definition.ts';

/** Makes this process be the gateway. */
export const start = (): Promise<void> => runService(gatewayDefinition);
