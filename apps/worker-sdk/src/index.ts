export { createBusTransport } from './adapters/bus-transport.ts';
export { createIpcTransport, forwardIpcReports, type IpcPeer } from './adapters/ipc-transport.ts';
export { createMemoryTransport, type MemoryTransport } from './adapters/memory-transport.ts';
export { createNatsTransport, type NatsTransportOptions } from './adapters/nats-transport.ts';
export { type ArrivalReporter, type ArrivalReporterOptions, createArrivalReporter } from './arrival-reporter.ts';
export { createJobAggregate, type FinishedJob, type JobAggregate, type JobPart } from './job-aggregate.ts';
export type { Report, WorkerTransport } from './transport.ts';
export { createWorkerReporter, type WorkerReporter, type WorkerReporterOptions } from './worker-reporter.ts';
