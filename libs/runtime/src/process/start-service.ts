import { type ServiceName, serviceNames } from '@capplan/contracts';
import type { Static, TObject } from 'typebox';
import { loadConfig } from '../config/load-config.ts';
import { RuntimeConfig } from '../config/runtime-config.ts';
import { type ProbeServer, startProbeServer } from '../http/probe-server.ts';
import type { Subscription } from '../ports/bus.ts';
import type { Service, ServiceContext } from '../ports/service.ts';
import { watchProcess } from '../telemetry/process-metrics.ts';
import { type OpenContext, openContext, type ServerContext } from './open-context.ts';

/** Connections are there when the context stands on real servers, and not in the memory world. */
export type CreationContext = ServiceContext & Partial<Pick<ServerContext, 'nats' | 'redis'>>;

/** What makes a service out of a context and its settings. */
export interface ServiceDefinition<S extends TObject> {
  name: string;
  configSchema: S;
  create(context: CreationContext, config: Readonly<Static<S>>): Service | Promise<Service>;
}

export interface RunningService {
  name: string;
  context: OpenContext;
  /** Where `/health`, `/ready` and `/metrics` are; undefined when nobody asked for them. */
  probePort: number | undefined;
  /** Finishes what is under way, sends what is left to send, lets go of the servers. False when it took too long. */
  stop(): Promise<boolean>;
}

/**
 * Starts one service in this process.
 *
 * @param env where settings are read from
 * @param host `context` puts it into a world that is there already, such as the one in memory; `probes: false` leaves
 *   out its HTTP server, where one process runs several services
 * @throws `invalid_input` for bad settings, `unavailable` when the servers cannot be reached
 */
export async function startService<S extends TObject>(
  definition: ServiceDefinition<S>,
  env: Readonly<Record<string, string | undefined>>,
  host: { context?: OpenContext; probes?: boolean } = {},
): Promise<RunningService> {
  const { name } = definition;
  const config = loadConfig(definition.configSchema, env);
  const runtime = loadConfig(RuntimeConfig, env);
  const context = host.context ?? (await openContext(contextOptions(name, runtime)));
  let probes: ProbeServer | undefined;
  let service: Service | undefined;
  const undo: (() => Promise<void>)[] = [() => context.close()];
  try {
    undo.push(watchProcess(context.metrics, context.clock).stop);
    service = await definition.create(context, config);
    if (host.probes !== false) {
      const { probeHost, probePort } = runtime;
      probes = await startProbeServer({
        host: probeHost,
        port: probePort,
        health: context.health,
        metrics: context.metrics,
      });
      undo.push(probes.stop);
    }
    const answering = await answerForHealth(name, context);
    if (answering) undo.push(answering.stop);
    await service.start();
  } catch (error) {
    await service?.stop().catch(() => {});
    for (const step of undo.reverse()) await step().catch(() => {});
    throw error;
  }
  const started = service;
  context.log.info({ probe_port: probes?.port, config_keys: Object.keys(config).length }, `${name} has started`);

  let stopping: Promise<boolean> | undefined;
  const stopAll = async (): Promise<void> => {
    await started.stop();
    for (const step of undo.reverse()) await step();
  };
  return {
    name,
    context,
    probePort: probes?.port,
    stop: () => {
      stopping ??= within(runtime.stopTimeoutMs, stopAll());
      return stopping;
    },
  };
}

/** Whoever asks over the bus how this service is gets this replica's own report. */
async function answerForHealth(name: string, context: OpenContext): Promise<Subscription | undefined> {
  const service = serviceNames.find((known) => known === name);
  if (service === undefined) return undefined;
  const query: `${ServiceName}.health` = `${service}.health`;
  return context.bus.respond(query, async () => ({ instance: context.instance, ...context.health.report() }));
}

function contextOptions(name: string, runtime: Readonly<RuntimeConfig>): Parameters<typeof openContext>[0] {
  return {
    name,
    natsUrl: runtime.natsUrl,
    nats: runtime,
    redisUrl: runtime.redisUrl,
    streamReplicas: runtime.streamReplicas,
    connectTimeoutMs: runtime.connectTimeoutMs,
    logLevel: runtime.logLevel,
    otlpEndpoint: runtime.otlpEndpoint === '' ? undefined : runtime.otlpEndpoint,
    ...(runtime.instance === '' ? {} : { instance: runtime.instance }),
  };
}

/** True when the work is over in time; its error is thrown on. */
async function within(limitMs: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
