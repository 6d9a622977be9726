export type { SchedulingClock } from './clock/scheduling-clock.ts';
export { createSystemClock } from './clock/system-clock.ts';
export { createVirtualClock, type VirtualClock } from './clock/virtual-clock.ts';
export { describeConfig, loadConfig } from './config/load-config.ts';
export { RuntimeConfig } from './config/runtime-config.ts';
export { connectGrpc, type GrpcCallOptions, type GrpcClient } from './grpc/connect-grpc.ts';
export { fromGrpcError, toGrpcError } from './grpc/grpc-errors.ts';
export { protoRoot } from './grpc/proto-file.ts';
export { type GrpcCall, type GrpcHandler, type GrpcServer, type GrpcTls, serveGrpc } from './grpc/serve-grpc.ts';
export { type ProbeServer, startProbeServer } from './http/probe-server.ts';
export type { Faults } from './memory/faults.ts';
export { createMemoryBackend, type MemoryBackend, type MemoryContext } from './memory/memory-backend.ts';
export type { NatsLink, NatsOptions } from './nats/nats-link.ts';
export { connectNats } from './nats/nats-link.ts';
export { type NatsAccess, NatsSettings } from './nats/nats-settings.ts';
export { streamCompression } from './nats/stream-compression.ts';
export * from './ports/bus.ts';
export * from './ports/cache.ts';
export * from './ports/clock.ts';
export * from './ports/records.ts';
export * from './ports/service.ts';
export { type Claim, type ClaimHolder, claimFolder, claimHolder } from './process/claim-folder.ts';
export { makeFileOnce } from './process/make-file-once.ts';
export {
  type OpenContext,
  type OpenContextOptions,
  openContext,
  openMemoryContext,
  type ServerContext,
} from './process/open-context.ts';
export { createPoolGuard, type PoolGuard } from './process/pool-guard.ts';
export { isSameProcess, markedProcesses, processBirth, signalProcess } from './process/process-list.ts';
export { exitCodes, runService } from './process/run-service.ts';
export {
  type CreationContext,
  type RunningService,
  type ServiceDefinition,
  startService,
} from './process/start-service.ts';
export { openRedisLink, type RedisLink } from './redis/redis-link.ts';
export { endLeftoverServer, type PrivateServer } from './servers/child-server.ts';
export { type ContainerServer, hasContainerDaemon, startContainer } from './servers/container-server.ts';
export { freePort } from './servers/free-port.ts';
export { installServers, type ServerPrograms } from './servers/install-servers.ts';
export { type PrivateServerOptions, startPrivateNats, startPrivateRedis } from './servers/private-servers.ts';
export { createHealth } from './telemetry/health.ts';
export { createLog, type LogLevel } from './telemetry/log.ts';
export { createMemoryLog, type LogLine, type MemoryLog } from './telemetry/memory-log.ts';
export { createMetrics } from './telemetry/metrics.ts';
export { watchProcess } from './telemetry/process-metrics.ts';
export { createSilentTracer } from './telemetry/silent-tracer.ts';
export { createTracer, type ServiceTracer } from './telemetry/tracer.ts';
