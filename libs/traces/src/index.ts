export type { ArrivalTrace } from './arrival-trace.ts';
