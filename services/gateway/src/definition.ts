import { CapacityError } from '@capplan/contracts';
import { connectGrpc, type ServiceDefinition } from '@capplan/runtime';
import { createBusOwners } from './adapters/bus-owners.ts';
import { createGrpcSimulations } from './adapters/grpc-simulations.ts';
import { createJwksVerifier, createLocalTokens } from './adapters/jose-tokens.ts';
import { readOrMakeLocalKey } from './adapters/key-file.ts';
import { createNoSimulations } from './adapters/no-simulations.ts';
import { type GatewayConfig, gatewayConfig } from './config.ts';
import type { TokenVerifier } from './ports.ts';
import { createGateway } from './service.ts';

/** The gateway on the adapters that its settings name. */
export const gatewayDefinition: ServiceDefinition<typeof gatewayConfig> = {
  name: 'gateway',
  configSchema: gatewayConfig,
  create: async (context, config) => {
    const tokens = await openTokens(config);
    const simulations =
      config.simulatorUrl === ''
        ? createNoSimulations()
        : createGrpcSimulations(
            connectGrpc({
              address: config.simulatorUrl,
              protoFile: 'capacity/simulation/v1/simulation.proto',
              service: 'capacity.simulation.v1.SimulationService',
              tracer: context.tracer,
              maxMessageBytes: 64 * 2 ** 20,
            }),
          );
    return createGateway(context, config, {
      tokens,
      owners: createBusOwners(context.bus, config.askTimeoutMs),
      simulations,
      ...(context.redis && { rateLimitRedis: context.redis }),
    });
  },
};

async function openTokens({ jwksUrl, localKeyFile, issuer, audience }: GatewayConfig): Promise<TokenVerifier> {
  if (jwksUrl !== '') return createJwksVerifier(jwksUrl, { issuer, audience });
  if (localKeyFile !== '') return createLocalTokens(await readOrMakeLocalKey(localKeyFile), { issuer, audience });
  throw new CapacityError(
    'invalid_input',
    'the gateway needs to know whom to trust: set GATEWAY_JWKS_URL (an identity provider) or GATEWAY_LOCAL_KEY_FILE (a key of its own)',
  );
}
