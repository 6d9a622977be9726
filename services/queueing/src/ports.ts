/**
 * This service needs nothing from outside but the bus: what it says follows from the newest snapshot and forecast,
 * which every replica can read from there.
 */
export type QueueingPorts = Record<string, never>;
