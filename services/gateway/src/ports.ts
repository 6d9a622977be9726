import type { Actor, ReplyData, RequestData, RequestName } from '@capplan/contracts';

/** Says who a bearer token belongs to; throws `unauthenticated`. */
export interface TokenVerifier {
  /** The claims of a token whose signature, issuer, audience and times hold. */
  verify(token: string): Promise<Record<string, unknown>>;
}

export interface SimulationCall {
  actor: Actor;
  /** Aborted when the client has gone away. */
  signal: AbortSignal;
}

/** The two synchronous questions. */
export interface Simulations {
  /** Runs one scenario; the result carries the id under which it is kept. */
  simulate(scenario: unknown, call: SimulationCall): Promise<{ id: string; result: unknown }>;
  /** Runs 2 to 10 scenarios against the same chance and compares them pair by pair. */
  compare(scenarios: unknown[], call: SimulationCall): Promise<{ id: string; result: unknown }>;
}

/** Asks the services that own the state. */
export interface Owners {
  ask<N extends RequestName>(
    name: N,
    data: RequestData<N>,
    options: { key: string; actor: Actor; id?: string },
  ): Promise<ReplyData<N>>;
}

/** What counts requests for all replicas; an ioredis client is one. */
export interface ScriptRunner {
  eval(script: string, keys: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
}
