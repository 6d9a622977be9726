import { decide } from '@capplan/planning';
import type { PlanningCore } from '../ports.ts';

/** The one decision core, which backtests and what-ifs use as well. */
export const planningCore: PlanningCore = { decide };
