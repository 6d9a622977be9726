export { type NatsDoor, natsDoor } from './nats-access.ts';
export { natsRefusal } from './nats-refusal.ts';
export type { NatsAccess } from './nats-settings.ts';
