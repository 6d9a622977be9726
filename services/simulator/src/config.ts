import Type, { type Static } from 'typebox';

export const SimulatorConfig = Type.Object({
  host: Type.String({ default: '127.0.0.1', env: 'SIMULATOR_HOST', description: 'Address of the gRPC server' }),
  port: Type.Integer({
    default: 50_051,
    minimum: 0,
    maximum: 65_535,
    env: 'SIMULATOR_PORT',
    description: 'Port of the gRPC server; 0 takes a free one',
  }),
  threads: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 256,
    env: 'SIMULATOR_THREADS',
    description: 'Engines at work at once; 0 means one for each core',
  }),
  queueMax: Type.Integer({
    default: 64,
    minimum: 0,
    maximum: 10_000,
    env: 'SIMULATOR_QUEUE_MAX',
    description: 'Requests that may wait for an engine; one more is told that all are busy',
  }),
  requestBytesMax: Type.Integer({
    default: 4_194_304,
    minimum: 1024,
    maximum: 67_108_864,
    env: 'SIMULATOR_REQUEST_BYTES_MAX',
    description: 'Largest request, bytes',
  }),
  keepSec: Type.Integer({
    default: 604_800,
    minimum: 60,
    maximum: 31_536_000,
    env: 'SIMULATOR_KEEP_SEC',
    description: 'How long a result is kept, seconds',
  }),
});
export type SimulatorConfig = Static<typeof SimulatorConfig>;
