export { samplePolicy, samplePool, sampleSnapshot, scriptedCore } from './samples.ts';
