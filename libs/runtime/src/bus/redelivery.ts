/** Tries before a message is set aside, when a consumer does not say. */
export const defaultMaxDeliveries = 8;
/** Wait for an acknowledgement, when a consumer does not say. */
export const defaultAckWaitMs = 30_000;
export const defaultConcurrency = 16;
export const defaultRequestTimeoutMs = 5_000;
/** Whoever asks may be a person: a missing connection is waited for so long, which bridges a reconnect. */
export const requestConnectionWaitMs = 300;

/**
 * Wait before a message comes again after its n-th failed try: half a second, doubling, at most half a minute.
 *
 * @example redeliveryDelayMs(1) // 500
 */
export function redeliveryDelayMs(deliveries: number): number {
  return Math.min(30_000, 500 * 2 ** (Math.min(deliveries, 16) - 1));
}
