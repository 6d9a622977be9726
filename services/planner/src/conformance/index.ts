export { samplePlan, samplePolicy, samplePool, sampleRollout, sampleSnapshot, scriptedCore } from './samples.ts';
