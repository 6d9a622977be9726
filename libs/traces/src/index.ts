export type { ArrivalTrace } from './arrival-trace.ts';
export { formatTrace } from './format-trace.ts';
export { generateTrace, type TraceShape } from './generate-trace.ts';
export { type ClockOffset, createLocalClock, type LocalClock } from './local-clock.ts';
export { parseTime, type WrittenTime } from './parse-time.ts';
export { type FileZone, type ParsedTrace, parseTrace, type TraceProblem } from './parse-trace.ts';
export { meanBetween, resample } from './resample.ts';
export { scaleToOfferedLoad } from './scale-to-offered-load.ts';
export { slice } from './slice.ts';
