import Type, { type Static } from 'typebox';

/** The services of which the whole consists, as the bus and the health of the whole name them. */
export const serviceNames = [
  'audit',
  'collector',
  'executor',
  'forecaster',
  'gateway',
  'notifier',
  'planner',
  'queueing',
  'simulator',
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** One thing that must be well for a replica to be ready, and what is to be said of it. */
export const HealthCheck = Type.Object({ ready: Type.Boolean(), detail: Type.String() });
export type HealthCheck = Static<typeof HealthCheck>;

/** How one replica of a service is. */
export const ServiceHealth = Type.Object({
  /** Name of the replica that answered. */
  instance: Type.String(),
  ready: Type.Boolean(),
  checks: Type.Record(Type.String(), HealthCheck),
});
export type ServiceHealth = Static<typeof ServiceHealth>;
