import { createAesSealer, createAudit, createMemoryAuditLog, makeAuditKeys } from '@capplan/audit-service';
import {
  CollectorConfig,
  createCollector,
  createMemoryDepths,
  createMemoryHistory,
  createMemoryWindowStore,
} from '@capplan/collector-service';
import { CapacityError } from '@capplan/contracts';
import { createExecutor, createMemoryActuator, createNoneActuator, ExecutorConfig } from '@capplan/executor-service';
import { createForecaster, ForecasterConfig } from '@capplan/forecaster-service';
import { createMemoryWebhook, createNotifier, NotifierConfig, signBody } from '@capplan/notifier-service';
import {
  createGrpcTrials,
  createNoneTrials,
  createPlanner,
  PlannerConfig,
  type PlanningCore,
  planningCore,
} from '@capplan/planner-service';
import { createQueueing, QueueingConfig } from '@capplan/queueing-service';
import type { RandomStream } from '@capplan/random';
import {
  type GrpcClient,
  type GrpcHandler,
  loadConfig,
  type SchedulingClock,
  type Service,
  type ServiceContext,
} from '@capplan/runtime';
import { createInlineEngines, createSimulator, SimulatorConfig } from '@capplan/simulator-service';
import type { WorldSettings } from './settings.ts';
import { unreliable } from './unreliable-actuator.ts';

// Keys cost more to make than all that is sealed with them in one world.
const keys = makeAuditKeys();
const webhooks = JSON.stringify([
  { name: 'ops', url: 'https://ops.example/hook', events: ['*'], secret: 'sixteen characters' },
]);

/** Every service that can live in memory, and the outside world of each; what is here survives the services. */
export function createCast(settings: WorldSettings, around: { clock: SchedulingClock; random: RandomStream }) {
  const { clock, random } = around;
  const sealer = createAesSealer(keys);
  const auditLog = createMemoryAuditLog();
  const actuator = createMemoryActuator(clock);
  const ordered = unreliable(actuator, clock, random.fork('actuator'));
  const depths = createMemoryDepths();
  const watching = { depths, windows: createMemoryWindowStore(), history: createMemoryHistory() };
  const webhook = createMemoryWebhook();
  const none = createNoneActuator();
  const core: PlanningCore = { ...planningCore };
  let handlers: Record<string, GrpcHandler> | undefined;

  /** As gRPC, without sockets. */
  const simulatorClient: GrpcClient = {
    call: async <Reply>(method: string, request: object, { signal }: { signal?: AbortSignal } = {}) => {
      const handler = handlers?.[method];
      if (!handler) throw new CapacityError('unavailable', 'the simulator does not answer');
      const call = { signal: signal ?? new AbortController().signal, deadlineMs: undefined, headers: {} };
      return (await handler(request as never, call)) as Reply;
    },
    stream: () => {
      throw new TypeError('nobody here listens to a stream');
    },
    close: () => {},
  };

  const makers: Record<string, (context: ServiceContext) => Service> = {
    audit: (context) =>
      createAudit(
        context,
        { checkpointEvery: 20, repeatHorizon: 10_000, retentionDays: 90 },
        { log: auditLog, sealer },
      ),
    simulator: (context) =>
      createSimulator(context, loadConfig(SimulatorConfig, {}), {
        engines: createInlineEngines(),
        serve: async (options) => {
          handlers = options.handlers;
          return { port: 1, setServing: () => {}, stop: async () => {} };
        },
      }),
    collector: (context) =>
      createCollector(
        context,
        loadConfig(CollectorConfig, {
          COLLECTOR_INTERVAL_S: String(settings.intervalSec),
          COLLECTOR_WORKER_TIMEOUT_S: String(Math.max(30, 3 * settings.intervalSec)),
        }),
        watching,
      ),
    forecaster: (context) =>
      createForecaster(
        context,
        loadConfig(ForecasterConfig, { FORECASTER_PATHS: '16', FORECASTER_SAVE_EVERY_S: '900' }),
      ),
    queueing: (context) => createQueueing(context, loadConfig(QueueingConfig, {})),
    planner: (context) =>
      createPlanner(context, loadConfig(PlannerConfig, {}), {
        planning: core,
        trials: settings.hasTrials ? createGrpcTrials(simulatorClient) : createNoneTrials(),
      }),
    executor: (context) =>
      createExecutor(context, loadConfig(ExecutorConfig, { EXECUTOR_WORKERS_MAX: String(settings.workersMax) }), {
        actuators: { process: ordered, kubernetes: none, none },
      }),
    notifier: (context) =>
      createNotifier(context, loadConfig(NotifierConfig, { NOTIFIER_WEBHOOKS: webhooks }), {
        webhook,
        sign: signBody,
      }),
  };
  return { makers, core, auditLog, sealer, actuator, ordered, depths, webhook };
}
export type Cast = ReturnType<typeof createCast>;
