export { createRandomStream, type RandomStream } from './random-stream.ts';
