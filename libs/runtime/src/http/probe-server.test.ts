import { expect } from 'chai';
import { createHealth } from '../telemetry/health.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { type ProbeServer, startProbeServer } from './probe-server.ts';

describe('startProbeServer', () => {
  const health = createHealth();
  const metrics = createMetrics();
  let isWell = true;
  let server: ProbeServer;
  before(async () => {
    health.watch('bus', () => ({ ready: isWell, detail: isWell ? 'connected' : 'connecting' }));
    metrics.counter('jobs_total', 'Jobs', ['kind']).add({ kind: 'small' }, 3);
    server = await startProbeServer({ host: '127.0.0.1', port: 0, health, metrics });
  });
  after(() => server.stop());
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });

  it('says that the process lives, whatever it waits for', async () => {
    isWell = false;
    expect((await get('/health')).status).to.equal(200);
  });

  it('says whether the service can work, and why not', async () => {
    isWell = false;
    const waiting = await get('/ready');
    expect(waiting.status).to.equal(503);
    expect(await waiting.json()).to.deep.equal({
      ready: false,
      stopping: false,
      checks: { bus: { ready: false, detail: 'connecting' } },
    });
    isWell = true;
    expect((await get('/ready')).status).to.equal(200);
  });

  it('shows the figures as Prometheus reads them', async () => {
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).to.include('version=0.0.4');
    expect(await response.text()).to.include('jobs_total{kind="small"} 3');
  });

  it('answers nothing else', async () => {
    expect((await get('/other')).status).to.equal(404);
    expect((await get('/health', 'POST')).status).to.equal(405);
  });
});
