import { readFileSync } from 'node:fs';
import { CapacityError } from '@capplan/contracts';
import { type ClientReadableStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Tracer } from '../ports/service.ts';
import { fromGrpcError } from './grpc-errors.ts';
import { loadProto } from './proto-file.ts';
import type { GrpcTls } from './serve-grpc.ts';

export interface GrpcCallOptions {
  /** Default 10,000 ms. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface GrpcClient {
  /** Asks once. Throws the `CapacityError` that the server threw. */
  call<Reply>(method: string, request: object, options?: GrpcCallOptions): Promise<Reply>;
  /** Asks for a stream; leaving the loop early tells the server that nobody listens any more. */
  stream<Reply>(method: string, request: object, options?: GrpcCallOptions): AsyncIterable<Reply>;
  close(): void;
}

/** A client of one gRPC service. It connects with the first call, and again whenever the connection is lost. */
export function connectGrpc(options: {
  /** `host:port`. */
  address: string;
  protoFile: string;
  service: string;
  tracer: Tracer;
  tls?: GrpcTls;
  maxMessageBytes?: number;
  protoRoot?: string;
}): GrpcClient {
  const { tracer, maxMessageBytes = 4 * 2 ** 20 } = options;
  const { service: Client } = loadProto(options.protoFile, options.service, options.protoRoot);
  const client = new Client(options.address, channelOf(options.tls), {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc.keepalive_time_ms': 30_000,
  });

  const methodOf = (name: string, isStream: boolean) => {
    const method = Client.service[name];
    if (!method || method.responseStream !== isStream) {
      throw new TypeError(`${options.service} has no ${isStream ? 'streaming' : 'plain'} method ${name}`);
    }
    return method;
  };
  const prepare = ({ timeoutMs = 10_000 }: GrpcCallOptions) => {
    const headers: Record<string, string> = {};
    tracer.inject(headers);
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return { metadata, settings: { deadline: Date.now() + timeoutMs } };
  };
  const cancelled = () => new CapacityError('cancelled', 'the call was given up');

  return {
    call: <Reply>(name: string, request: object, call: GrpcCallOptions = {}) =>
      tracer.span<Reply>(`call ${name}`, { address: options.address }, async () => {
        const method = methodOf(name, false);
        if (call.signal?.aborted) throw cancelled();
        return new Promise<Reply>((resolve, reject) => {
          const { metadata, settings } = prepare(call);
          const serialize = method.requestSerialize as (value: object) => Buffer;
          const deserialize = method.responseDeserialize as (bytes: Buffer) => Reply;
          const under = client.makeUnaryRequest(method.path, serialize, deserialize, request, metadata, settings, done);
          const giveUp = () => under.cancel();
          call.signal?.addEventListener('abort', giveUp, { once: true });
          function done(error: ServiceError | null, reply?: Reply): void {
            call.signal?.removeEventListener('abort', giveUp);
            if (error) reject(fromGrpcError(error));
            else resolve(reply as Reply);
          }
        });
      }),
    stream: <Reply>(name: string, request: object, call: GrpcCallOptions = {}) => {
      const method = methodOf(name, true);
      const open = (): ClientReadableStream<Reply> => {
        const { metadata, settings } = prepare(call);
        const serialize = method.requestSerialize as (value: object) => Buffer;
        const deserialize = method.responseDeserialize as (bytes: Buffer) => Reply;
        return client.makeServerStreamRequest(method.path, serialize, deserialize, request, metadata, settings);
      };
      return readStream(open, call.signal, cancelled);
    },
    close: () => client.close(),
  };
}

async function* readStream<Reply>(
  open: () => ClientReadableStream<Reply>,
  signal: AbortSignal | undefined,
  cancelled: () => CapacityError,
): AsyncGenerator<Reply> {
  if (signal?.aborted) throw cancelled();
  const stream = open();
  const giveUp = () => stream.cancel();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    for await (const message of stream) yield message as Reply;
  } catch (error) {
    throw fromGrpcError(error);
  } finally {
    signal?.removeEventListener('abort', giveUp);
    stream.cancel();
  }
}

function channelOf(tls: GrpcTls | undefined) {
  if (!tls) return credentials.createInsecure();
  const authority = tls.caFile === undefined ? null : readFileSync(tls.caFile);
  return credentials.createSsl(authority, readFileSync(tls.keyFile), readFileSync(tls.certFile));
}
