// node scripts/bench.mjs simulator [--trials N]
// One-hour candidate trials through the simulator's gRPC, with an engine on each core: how many a minute.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  connectGrpc,
  createMemoryBackend,
  createSilentTracer,
  createSystemClock,
  openMemoryContext,
} from '@capplan/runtime';
import { createSimulator, createThreadEngines } from '@capplan/simulator-service';

const { values } = parseArgs({ options: { trials: { type: 'string', default: '400' } } });
const trials = Number(values.trials);
const atOnce = 2 * availableParallelism();
const config = {
  host: '127.0.0.1',
  port: 0,
  threads: availableParallelism(),
  queueMax: atOnce,
  requestBytesMax: 1_000_000,
  keepSec: 60,
};
const context = openMemoryContext(createMemoryBackend({ clock: createSystemClock() }), {
  name: 'simulator',
  logLevel: 'silent',
});
const simulator = createSimulator(context, config, { engines: createThreadEngines(config) });
await simulator.start();
const client = connectGrpc({
  address: `127.0.0.1:${simulator.port()}`,
  protoFile: 'capacity/simulation/v1/simulation.proto',
  service: 'capacity.simulation.v1.SimulationService',
  tracer: createSilentTracer(),
  maxMessageBytes: 64 * 2 ** 20,
});

const trial = (seed: number) =>
  JSON.stringify({
    name: `trial ${seed}`,
    seed,
    horizon: '1h',
    interval: '1m',
    replications: 1,
    traffic: { pattern: 'constant', rate: 20 },
    service: { distribution: 'lognormal', mean: '1.5s', scv: 1 },
    capacity: { workers: 36 },
  });

let next = 0;
const ask = async (): Promise<void> => {
  while (next < trials) await client.call('Simulate', { scenario_json: trial(next++) }, { timeoutMs: 60_000 });
};
await client.call('Simulate', { scenario_json: trial(trials) });
const startedMs = performance.now();
await Promise.all(Array.from({ length: atOnce }, ask));
const minutes = (performance.now() - startedMs) / 60_000;
process.stdout.write(
  `${trials} one-hour trials of 72,000 jobs through gRPC, ${config.threads} engines: ${Math.round(trials / minutes)} a minute\n`,
);
client.close();
await simulator.stop();
await context.close();
