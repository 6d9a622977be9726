/** How a connection to Redis is. */
export type LinkState =
  /** There is none, or it is being dropped. */
  | { kind: 'away'; detail: string }
  /** It stands, and has yet to show that the server does its work. */
  | { kind: 'unproven' }
  | { kind: 'open' }
  /** The server answers and takes no writes. */
  | { kind: 'refusing'; detail: string };

export type LinkEvent =
  | { kind: 'connected' }
  | { kind: 'closed'; detail: string }
  /** The server did what it was asked for as a proof. */
  | { kind: 'proven' }
  /** The server did not answer the proof in time. */
  | { kind: 'silent' }
  /** The server answered a command, or the proof, with an error. */
  | { kind: 'refused'; message: string; isProof: boolean };

/** Errors of a server that is not, or no longer, the one that a client should talk to. */
const deadReply = /(?:^|-)(READONLY|MASTERDOWN|LOADING|CLUSTERDOWN)\b/;

/** Whether a server's error says that this connection leads to the wrong place. */
export function isDeadReply(message: string): boolean {
  return deadReply.test(message);
}

/**
 * What becomes of a connection, and whether it is to be dropped so that a new one is made.
 *
 * A peer that is silent may be gone without a word; one that is read-only, or has lost its primary, stayed behind in a
 * failover. Neither gets well by waiting on the same connection.
 */
export function nextLinkState(state: LinkState, event: LinkEvent): { state: LinkState; drop: boolean } {
  if (event.kind === 'connected') return { state: { kind: 'unproven' }, drop: false };
  if (event.kind === 'closed') return { state: { kind: 'away', detail: event.detail }, drop: false };
  // An answer that comes after the end of its connection says nothing about the next one.
  if (state.kind === 'away') return { state, drop: false };
  switch (event.kind) {
    case 'proven':
      return { state: { kind: 'open' }, drop: false };
    case 'silent':
      return { state: { kind: 'away', detail: 'does not answer' }, drop: true };
    case 'refused':
      if (isDeadReply(event.message)) return { state: { kind: 'away', detail: event.message }, drop: true };
      return { state: event.isProof ? { kind: 'refusing', detail: event.message } : state, drop: false };
  }
}
