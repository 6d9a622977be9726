import { readFileSync } from 'node:fs';
import { CapacityError } from '@capplan/contracts';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';

import type { Log, Tracer } from '../ports/service.ts';
import { toGrpcError } from './grpc-errors.ts';
import { loadProto } from './proto-file.ts';

/** Certificates as PEM files. With a certificate authority, only callers whose certificate it signed are let in. */
export interface GrpcTls {
  certFile: string;
  keyFile: string;
  caFile?: string;
}

export interface GrpcCall {
  /** Aborted when the caller has gone or its deadline has passed. */
  signal: AbortSignal;
  /** Milliseconds since the epoch; undefined when the caller set none. */
  deadlineMs: number | undefined;
  headers: Record<string, string>;
}

/** A reply, or many of them for a method that streams. */
export type GrpcHandler = (request: never, call: GrpcCall) => Promise<unknown> | AsyncIterable<unknown>;

export interface GrpcServer {
  port: number;
  /** Says to health checks whether the service takes calls. */
  setServing(isServing: boolean): void;
  /** Lets calls under way finish for so long, then ends them. Default 5,000 ms. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Serves one gRPC service, with the standard health service and reflection beside it. What a handler throws travels
 * with its code; what it does after the caller has gone is its own affair, which is why it gets a signal.
 */
export async function serveGrpc(options: {
  /** Path below `proto/`. */
  protoFile: string;
  /** Full name, such as `capacity.simulation.v1.SimulationService`. */
  service: string;
  handlers: Record<string, GrpcHandler>;
  host: string;
  /** 0 takes a free one. */
  port: number;
  log: Log;
  tracer: Tracer;
  tls?: GrpcTls;
  /** Largest message either way. Default 4 MiB. */
  maxMessageBytes?: number;
  protoRoot?: string;
}): Promise<GrpcServer> {
  const { log, tracer, handlers, maxMessageBytes = 4 * 2 ** 20 } = options;
  const { definition, service } = loadProto(options.protoFile, options.service, options.protoRoot);
  const implementation: UntypedServiceImplementation = {};

  for (const [name, method] of Object.entries(service.service)) {
    const handler = handlers[method.originalName ?? name] ?? handlers[name];
    if (!handler) throw new TypeError(`${options.service} has no handler for ${name}`);
    const run = <T>(
      call: ServerUnaryCall<never, unknown> | ServerWritableStream<never, unknown>,
      work: () => Promise<T>,
    ) => tracer.continue(headersOf(call.metadata), () => tracer.span(`serve ${name}`, { peer: call.getPeer() }, work));
    const fail = (error: unknown) => {
      if (!(error instanceof CapacityError)) log.error({ method: name, error }, 'A call failed');
      return toGrpcError(error, options.service);
    };

    /** The one place where what became of a call is sent: what cannot be sent is an error too, and never leaves here. */
    const answer = <T>(
      work: Promise<T>,
      send: (value: T) => void,
      refuse: (failure: ReturnType<typeof toGrpcError>) => void,
    ): void => {
      work
        .then(send)
        .catch((error: unknown) => refuse(fail(error)))
        .catch((error: unknown) => refuse(fail(new Error('The answer could not be sent', { cause: error }))))
        .catch((error: unknown) => log.error({ method: name, error }, 'A call got no answer'));
    };

    const handle = method.responseStream
      ? (call: ServerWritableStream<never, unknown>) => {
          const context = contextOf(call);
          const stream = async (): Promise<void> => {
            for await (const message of handler(call.request, context) as AsyncIterable<unknown>) {
              if (context.signal.aborted) return;
              if (!call.write(message)) await drained(call, context.signal);
            }
          };
          answer(
            run(call, stream),
            () => call.end(),
            (failure) => call.emit('error', failure),
          );
        }
      : (call: ServerUnaryCall<never, unknown>, reply: sendUnaryData<unknown>) => {
          answer(
            run(call, async () => handler(call.request, contextOf(call))),
            (value) => reply(null, value),
            (failure) => reply(failure),
          );
        };
    implementation[name] = handle as UntypedServiceImplementation[string];
  }

  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
  });
  server.addService(service.service, implementation);
  new ReflectionService(definition).addToServer(server);
  const health = new HealthImplementation({ '': 'SERVING', [options.service]: 'SERVING' });
  health.addToServer(server);
  const credentials = credentialsOf(options.tls);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${options.host}:${options.port}`, credentials, (error, bound) => {
      if (error) reject(new CapacityError('unavailable', `port ${options.port} cannot be served`, { cause: error }));
      else resolve(bound);
    });
  });
  const setServing = (isServing: boolean) => {
    for (const name of ['', options.service]) health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING');
  };
  return {
    port,
    setServing,
    stop: async (graceMs = 5_000) => {
      setServing(false);
      await new Promise<void>((resolve) => {
        const insist = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, graceMs);
        server.tryShutdown(() => {
          clearTimeout(insist);
          resolve();
        });
      });
    },
  };
}

function contextOf(call: ServerUnaryCall<never, unknown> | ServerWritableStream<never, unknown>): GrpcCall {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  return {
    signal: gone.signal,
    deadlineMs: Number.isFinite(deadlineMs) ? deadlineMs : undefined,
    headers: headersOf(call.metadata),
  };
}

function headersOf(metadata: Metadata): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata.getMap())) if (typeof value === 'string') headers[name] = value;
  return headers;
}

function drained(call: ServerWritableStream<never, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      call.off('drain', finish);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    call.on('drain', finish);
    signal.addEventListener('abort', finish);
  });
}

function credentialsOf(tls: GrpcTls | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const pair = { cert_chain: readFileSync(tls.certFile), private_key: readFileSync(tls.keyFile) };
  const authority = tls.caFile === undefined ? null : readFileSync(tls.caFile);
  return ServerCredentials.createSsl(authority, [pair], authority !== null);
}
