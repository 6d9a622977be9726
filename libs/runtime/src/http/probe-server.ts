import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Health, Metrics } from '../ports/service.ts';

export interface ProbeServer {
  port: number;
  stop(): Promise<void>;
}

/**
 * What an orchestrator asks a process over HTTP: `/health` (it lives), `/ready` (it can work, with the reasons when
 * it cannot) and `/metrics` (its figures, for Prometheus).
 */
export async function startProbeServer(options: {
  host: string;
  port: number;
  health: Health;
  metrics: Metrics;
}): Promise<ProbeServer> {
  const { host, port, health, metrics } = options;
  let isStopping = false;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const send = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const path = new URL(request.url ?? '/', 'http://probe').pathname;
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', 'only GET is answered\n');
    if (path === '/health') return send(200, 'application/json', JSON.stringify({ status: 'ok' }));
    if (path === '/ready') {
      const report = health.report();
      const ready = report.ready && !isStopping;
      const body = JSON.stringify({ ready, stopping: isStopping, checks: report.checks });
      return send(ready ? 200 : 503, 'application/json', body);
    }
    if (path === '/metrics') return send(200, 'text/plain; version=0.0.4; charset=utf-8', await metrics.text());
    send(404, 'text/plain', 'there are /health, /ready and /metrics\n');
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.requestTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    stop: async () => {
      isStopping = true;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1_000).unref();
      });
    },
  };
}
