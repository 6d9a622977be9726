import { runService } from '@capplan/runtime';
import { simulatorDefinition } from './definition.ts';

/** Makes this process be the simulator. */
export const start = (): Promise<void> => runService(simulatorDefinition);
