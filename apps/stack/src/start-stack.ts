import { join } from 'node:path';
import { CapacityError } from '@capplan/contracts';
import {
  claimLocalProcesses,
  createExecutor,
  createNoneActuator,
  createProcessActuator,
  ExecutorConfig,
  type WorkerCommand,
} from '@capplan/executor-service';
import { createLocalTokens, type GatewayService, gatewayConfig, readOrMakeLocalKey } from '@capplan/gateway-service';
import {
  createSystemClock,
  type LogLevel,
  loadConfig,
  type OpenContext,
  openContext,
  openMemoryContext,
  type RunningService,
  type SchedulingClock,
  type ServiceDefinition,
  startService,
} from '@capplan/runtime';
import type { SimulatorService } from '@capplan/simulator-service';
import type { TObject } from 'typebox';
import { type ServiceName, serviceDefinitions, serviceNames } from './definitions.ts';
import { workerStateFile } from './end-leftovers.ts';
import type { Servers } from './servers.ts';

export interface StackOptions {
  servers: Servers;
  /** Keys and the list of worker processes live here. */
  dataDir: string;
  /** Settings of the services, as their environment variables. */
  env?: Readonly<Record<string, string>>;
  /** The time that services see; the machine's when left out. */
  clock?: SchedulingClock;
  logLevel?: LogLevel;
  /** How a worker of a pool is started by the executor. */
  commandFor?: (poolId: string) => WorkerCommand | undefined;
  /** Real ms from the polite request to leave until the kill. */
  drainMs?: number;
}

export interface Stack {
  /** Where the API listens. */
  url: string;
  /** A token for the API, good for twelve hours of real time. */
  issueToken(subject: string, roles: string[], amr?: string[]): Promise<string>;
  /** A context of its own, for whoever drives the stack. */
  open(name: string): Promise<OpenContext>;
  /** Stops all services, the last started first. False when one took too long. Workers are left to `stopWorkers`. */
  stop(): Promise<boolean>;
}

/** All services in one process, on the same servers. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { servers, dataDir, logLevel = 'warn' } = options;
  const realClock = createSystemClock();
  const clock = options.clock ?? realClock;
  const localKeyFile = join(dataDir, 'gateway-key.pem');
  const env: Record<string, string> = {
    SIMULATOR_PORT: '0',
    GATEWAY_PORT: '0',
    GATEWAY_LOCAL_KEY_FILE: localKeyFile,
    AUDIT_KEY_FILE: join(dataDir, 'audit-keys.json'),
    EXECUTOR_WORKER_STATE_FILE: workerStateFile(dataDir),
    ...options.env,
  };

  const open = async (name: string): Promise<OpenContext> => {
    if (servers.kind === 'memory') return openMemoryContext(servers.backend, { name, logLevel });
    const { natsUrl, nats = {}, redisUrl } = servers;
    const context = await openContext({ name, natsUrl, nats, redisUrl, logLevel });
    // Connections keep to the machine's time; what services measure and decide goes by the time they are given.
    return { ...context, clock };
  };

  const executor: ServiceDefinition<typeof ExecutorConfig> = {
    ...serviceDefinitions.executor,
    create: async (context, config) => {
      // Processes live in real time, whatever the clock of the services says.
      const processes = await createProcessActuator({
        clock: realClock,
        log: context.log,
        stateFile: config.workerStateFile,
        drainMs: options.drainMs ?? config.drainMs,
        superviseMs: 500,
        commandFor: (pool) => options.commandFor?.(pool.id),
        stopsWorkersOnClose: true,
        claim: (fleet) => claimLocalProcesses(fleet, { cache: context.cache, clock: realClock, log: context.log }),
      });
      const none = createNoneActuator();
      const service = createExecutor(context, config, { actuators: { process: processes, kubernetes: none, none } });
      const stop = async () => {
        await service.stop();
        await processes.close();
      };
      return { ...service, stop };
    },
  };

  const running: RunningService[] = [];
  let gateway: GatewayService | undefined;
  let simulator: SimulatorService | undefined;
  const keep = <S extends TObject>(
    definition: ServiceDefinition<S>,
    seen: (service: never) => void,
  ): ServiceDefinition<S> => ({
    ...definition,
    create: async (context, config) => {
      const service = await definition.create(context, config);
      seen(service as never);
      return service;
    },
  });
  const definitionOf = (name: ServiceName): ServiceDefinition<TObject> => {
    if (name === 'executor') return executor as never;
    if (name === 'gateway')
      return keep(serviceDefinitions.gateway, (service) => {
        gateway = service;
      }) as never;
    if (name === 'simulator')
      return keep(serviceDefinitions.simulator, (service) => {
        simulator = service;
      }) as never;
    return serviceDefinitions[name] as never;
  };

  const stop = async (): Promise<boolean> => {
    let inTime = true;
    for (const service of running.splice(0).reverse()) inTime = (await service.stop()) && inTime;
    return inTime;
  };
  try {
    for (const name of serviceNames) {
      if (simulator) env.SIMULATOR_URL = `127.0.0.1:${simulator.port()}`;
      running.push(await startService(definitionOf(name), env, { context: await open(name), probes: false }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  if (!gateway) throw new CapacityError('internal', 'the gateway did not start');
  const rules = loadConfig(gatewayConfig, env);
  const tokens = await createLocalTokens(await readOrMakeLocalKey(localKeyFile), rules);
  return {
    url: gateway.url(),
    issueToken: (subject, roles, amr = ['pwd']) => tokens.issue({ subject, roles, amr }, realClock.nowMs()),
    open,
    stop,
  };
}
