import { CapacityError, type Simulation } from '@capplan/contracts';
import type { Service, ServiceContext, Subscription } from '@capplan/runtime';
import { type GrpcHandler, type GrpcServer, serveGrpc } from '@capplan/runtime';
import { createAnswering } from './answer-task.ts';
import type { SimulatorConfig } from './config.ts';
import { figuresOf, parseScenario } from './decide.ts';
import { type AskOwner, withPoolTraffic } from './pool-traffic.ts';
import type { Engines, PartialTimeline, SimulationTask } from './ports.ts';
import { createResults, notKept, resultBounds } from './results.ts';

export interface SimulatorPorts {
  engines: Engines;
  /** How the handlers are served; real gRPC, when left out. */
  serve?: typeof serveGrpc;
}

export interface SimulatorService extends Service {
  /** Port of the gRPC server, once started. */
  port(): number;
}

interface SimulateRequest {
  scenario_json: string;
}
interface CompareRequest {
  scenarios_json: string[];
}

/** What-if questions over gRPC, and the answers kept by id. */
export function createSimulator(
  context: ServiceContext,
  config: SimulatorConfig,
  { engines, serve = serveGrpc }: SimulatorPorts,
): SimulatorService {
  const { bus, cache, clock, health, log, metrics, tracer } = context;
  const results = createResults({ cache, clock, keepSec: config.keepSec, ...resultBounds });
  const answer = createAnswering(context, engines, results);
  const waiting = metrics.gauge('capacity_simulator_waiting', 'Requests that wait for an engine');
  const subscriptions: Subscription[] = [];
  let server: GrpcServer | undefined;
  health.watch('grpc', () => ({ ready: server !== undefined, detail: server ? `port ${server.port}` : 'not serving' }));

  const actor = { id: 'simulator', kind: 'service' } as const;
  const ask: AskOwner = (name, data, key) => bus.request(name, data, { key, actor });
  const taskOf = async ({ scenario_json: text }: SimulateRequest): Promise<SimulationTask> => ({
    kind: 'simulate',
    scenario: await read(text, 'scenario_json'),
  });
  function read(text: string, field: string): Promise<unknown> {
    if (Buffer.byteLength(text) > config.requestBytesMax) {
      throw new CapacityError(
        'too_large',
        `${field}: ${Buffer.byteLength(text)} bytes are more than ${config.requestBytesMax}`,
      );
    }
    return withPoolTraffic(parseScenario(text, field), { ask, nowMs: clock.nowMs() });
  }
  const simulated = (simulation: Simulation) => ({
    id: simulation.id,
    figures: figuresOf(simulation.result),
    result_json: JSON.stringify(simulation.result),
    created_at: simulation.created_at,
  });

  const handlers: Record<string, GrpcHandler> = {
    Simulate: async (request: SimulateRequest, { signal }) =>
      simulated(await counted(async () => answer(await taskOf(request), { signal }))),

    SimulateStream: async function* (request: SimulateRequest, { signal }) {
      const heard: PartialTimeline[] = [];
      let wake = () => {};
      let over = false;
      const done = counted(async () =>
        answer(await taskOf(request), {
          signal,
          onProgress: (progress) => {
            heard.push(progress);
            wake();
          },
        }),
      ).finally(() => {
        over = true;
        wake();
      });
      done.catch(() => {}); // Thrown on below, when it is awaited.
      while (!over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (over || heard.length > 0) resolve();
        });
        for (const { fraction, atSec, points } of heard.splice(0))
          yield { progress: { fraction, at_s: atSec, points } };
      }
      yield { response: simulated(await done) };
    },

    Compare: async ({ scenarios_json: texts }: CompareRequest, { signal }) => {
      const scenarios = await Promise.all(texts.map((text, i) => read(text, `scenarios_json[${i}]`)));
      const { id, result, created_at } = await counted(() => answer({ kind: 'compare', scenarios }, { signal }));
      const { results: each } = result as { results: unknown[] };
      return { id, figures: each.map(figuresOf), result_json: JSON.stringify(result), created_at };
    },
  };

  async function counted<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      waiting.set(engines.load().waiting);
    }
  }

  return {
    name: 'simulator',
    port: () => server?.port ?? 0,
    start: async () => {
      subscriptions.push(
        await bus.respond('simulation.get', async ({ data: { id } }) => {
          const kept = await results.find(id);
          if (!kept) throw notKept(id);
          return kept;
        }),
      );
      server = await serve({
        protoFile: 'capacity/simulation/v1/simulation.proto',
        service: 'capacity.simulation.v1.SimulationService',
        handlers,
        host: config.host,
        port: config.port,
        log,
        tracer,
        maxMessageBytes: Math.max(config.requestBytesMax, 64 * 2 ** 20),
      });
      log.info({ port: server.port }, 'the simulator answers');
    },
    stop: async () => {
      const serving = server;
      server = undefined;
      await serving?.stop();
      await engines.close();
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
