export { samplePolicy, samplePool, sampleSnapshot } from './samples.ts';
