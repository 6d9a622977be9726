import { headers, type MsgHdrs } from '@nats-io/nats-core';
import type { Tracer } from '../ports/service.ts';

/** The present trace as headers of a message. */
export function traceHeaders(tracer: Tracer): MsgHdrs {
  const plain: Record<string, string> = {};
  tracer.inject(plain);
  const carried = headers();
  for (const [name, value] of Object.entries(plain)) carried.set(name, value);
  return carried;
}

export function plainHeaders(carried: MsgHdrs | undefined): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name of carried?.keys() ?? []) plain[name] = carried?.get(name) ?? '';
  return plain;
}
