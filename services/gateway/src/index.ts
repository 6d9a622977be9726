export { createBusOwners } from './adapters/bus-owners.ts';
export { createJwksVerifier, createLocalTokens, generateLocalKey, type LocalTokens } from './adapters/jose-tokens.ts';
export { createNoSimulations } from './adapters/no-simulations.ts';
export { type AppPorts, buildApp } from './app.ts';
export { type GatewayConfig, gatewayConfig } from './config.ts';
export type { Owners, SimulationCall, Simulations, TokenVerifier } from './ports.ts';
export { createGateway, type GatewayService } from './service.ts';
