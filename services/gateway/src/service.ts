import { CapacityError } from '@capplan/contracts';
import type { Service, ServiceContext } from '@capplan/runtime';
import type { FastifyInstance } from 'fastify';
import { type AppPorts, buildApp } from './app.ts';
import type { GatewayConfig } from './config.ts';

export interface GatewayService extends Service {
  /** Where it listens, once started. */
  url(): string;
}

export function createGateway(context: ServiceContext, config: GatewayConfig, ports: AppPorts): GatewayService {
  let app: FastifyInstance | undefined;
  let address = '';
  return {
    name: 'gateway',
    url: () => address,
    start: async () => {
      app = await buildApp(context, config, ports);
      address = await app.listen({ host: config.host, port: config.port }).catch((cause: unknown) => {
        throw isTaken(cause) ? portTaken(config, cause) : cause;
      });
      context.log.info({ address }, 'the gateway listens');
    },
    stop: async () => {
      const running = app;
      app = undefined;
      await running?.close();
    },
  };
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

function portTaken({ host, port }: GatewayConfig, cause: unknown): CapacityError {
  const sentence = `port ${port} of ${host} is taken by another program: stop that one, or choose another port`;
  return new CapacityError('conflict', `${sentence} (GATEWAY_PORT)`, { cause });
}
