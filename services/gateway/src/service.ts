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
      address = await app.listen({ host: config.host, port: config.port });
      context.log.info({ address }, 'the gateway listens');
    },
    stop: async () => {
      const running = app;
      app = undefined;
      await running?.close();
    },
  };
}
