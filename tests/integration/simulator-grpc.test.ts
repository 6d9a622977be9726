import { isCapacityError } from '@capplan/contracts';
import {
  connectGrpc,
  createMemoryBackend,
  createSilentTracer,
  createSystemClock,
  type GrpcClient,
  openMemoryContext,
} from '@capplan/runtime';
import { createSimulator, createThreadEngines, type SimulatorService } from '@capplan/simulator-service';
import { expect } from 'chai';

const scenario = (over: object = {}) => ({
  name: 'small',
  seed: 1,
  horizon: '1h',
  replications: 2,
  traffic: { pattern: 'constant', rate: 5 },
  service: { distribution: 'exponential', mean: '1s' },
  capacity: { workers: 8 },
  ...over,
});
const json = (over?: object) => JSON.stringify(scenario(over));
const long = { horizon: '7d', traffic: { pattern: 'constant', rate: 60 }, capacity: { workers: 80 }, replications: 10 };
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error) => (isCapacityError(error) ? error.code : String(error)),
  );

interface Answer {
  id: string;
  figures: { slo_attainment: number; jobs: number; p95_response_s: number };
  result_json: string;
}

describe('the simulator over gRPC', () => {
  const backend = createMemoryBackend({ clock: createSystemClock() });
  let simulator: SimulatorService;
  let client: GrpcClient;

  before(async () => {
    const context = openMemoryContext(backend, { name: 'simulator', logLevel: 'silent' });
    const config = { host: '127.0.0.1', port: 0, threads: 1, queueMax: 1, requestBytesMax: 100_000, keepSec: 3600 };
    simulator = createSimulator(context, config, { engines: createThreadEngines(config) });
    await simulator.start();
    client = connectGrpc({
      address: `127.0.0.1:${simulator.port()}`,
      protoFile: 'capacity/simulation/v1/simulation.proto',
      service: 'capacity.simulation.v1.SimulationService',
      tracer: createSilentTracer(),
      maxMessageBytes: 64 * 2 ** 20,
    });
  });

  after(async () => {
    client.close();
    await simulator.stop();
  });

  it('finds the same answer again by the same question', async () => {
    const first = await client.call<Answer>('Simulate', { scenario_json: json() });
    const again = await client.call<Answer>('Simulate', {
      scenario_json: JSON.stringify(Object.fromEntries(Object.entries(scenario()).reverse())),
    });
    expect(again).to.deep.equal(first);
    expect(first.figures.jobs).to.be.within(17_000, 19_000);
    expect(JSON.parse(first.result_json).pools).to.have.length(1);
  });

  it('compares over the same jobs', async () => {
    const answer = await client.call<{ figures: Answer['figures'][] }>('Compare', {
      scenarios_json: [json(), json({ name: 'more', capacity: { workers: 12 } })],
    });
    expect(answer.figures[1]!.p95_response_s).to.be.below(answer.figures[0]!.p95_response_s);
  });

  it('tells how far it is, and ends with the answer', async () => {
    const updates = [];
    for await (const update of client.stream<{ update: string }>('SimulateStream', {
      scenario_json: json({ horizon: '24h', traffic: { pattern: 'constant', rate: 40 }, capacity: { workers: 60 } }),
    }))
      updates.push(update.update);
    expect(updates.at(-1)).to.equal('response');
    expect(updates.filter((kind) => kind === 'progress').length).to.be.greaterThan(0);
  });

  it('gives up at the deadline, and is free for the next at once', async () => {
    expect(await codeOf(client.call('Simulate', { scenario_json: json(long) }, { timeoutMs: 200 }))).to.equal(
      'deadline_exceeded',
    );
    expect(await codeOf(client.call('Simulate', { scenario_json: json({ seed: 2 }) }))).to.equal('answered');
  });

  it('says that it is busy rather than let requests pile up', async () => {
    const gone = new AbortController();
    const asked = [1, 2, 3].map((seed) =>
      codeOf(client.call('Simulate', { scenario_json: json({ ...long, seed }) }, { signal: gone.signal })),
    );
    expect(await Promise.race(asked)).to.equal('busy');
    gone.abort();
    expect((await Promise.all(asked)).sort()).to.deep.equal(['busy', 'cancelled', 'cancelled']);
  });

  it('names the field that is off', async () => {
    expect(await codeOf(client.call('Simulate', { scenario_json: '{' }))).to.equal('invalid_input');
    expect(
      await codeOf(client.call('Simulate', { scenario_json: json({ traffic: { pattern: 'constant', rate: -5 } }) })),
    ).to.equal('invalid_input');
    expect(await codeOf(client.call('Simulate', { scenario_json: `"${'x'.repeat(100_001)}"` }))).to.equal('too_large');
  });
});
