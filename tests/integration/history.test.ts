import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { historyCommand } from '@capplan/cli';
import { createSystemClock, type OpenContext, startPrivateNats, startPrivateRedis } from '@capplan/runtime';
import { type Stack, startStack } from '@capplan/stack';
import { expect } from 'chai';

const minuteMs = 60_000;
/** A week and more: coefficients are fitted from a first week on. */
const days = 8;

describe('history from a file into a running system and out again, on real servers', function () {
  this.timeout(300_000);
  let folder: string;
  let stack: Stack;
  let helper: OpenContext;
  let token: string;
  const undo: (() => Promise<unknown>)[] = [];
  /** Ends at a full hour, an hour ago and more. */
  const endMs = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000;
  const startMs = endMs - days * 86_400_000;
  /** A daily wave between 5 and 15 jobs a second, peak at noon UTC. */
  const rateAt = (ms: number): number => 10 - 5 * Math.cos((2 * Math.PI * ms) / 86_400_000);

  const boot = async (): Promise<void> => {
    stack = await startStack({
      servers: {
        kind: 'servers',
        natsUrl: nats.url,
        redisUrl: redis.url,
        notice: undefined,
        stop: async () => {},
      },
      dataDir: folder,
      logLevel: 'silent',
      env: { SIMULATOR_THREADS: '1', GATEWAY_REQUESTS_PER_MINUTE: '100000', GATEWAY_ASK_TIMEOUT_MS: '60000' },
    });
    helper = await stack.open('helper');
    token = await stack.issueToken('ada', ['admin'], ['pwd', 'otp']);
  };
  let nats: Awaited<ReturnType<typeof startPrivateNats>>;
  let redis: Awaited<ReturnType<typeof startPrivateRedis>>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    undo.push(() => nats.stop());
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
    undo.push(() => redis.stop());
    await boot();
    const policy = {
      id: 'p',
      name: 'P',
      mode: 'manual',
      slo: { p95_latency: '5s' },
      scaling: { min_workers: 1, max_workers: 90 },
    };
    await api('POST', '/policies', policy);
    for (const name of ['mail', 'copy']) {
      await api('PUT', `/pools/shop/${name}`, {
        policy_id: 'p',
        queue: { kind: 'reported', name },
        actuator: { kind: 'none' },
        concurrency: 2,
        startup_delay: '60s',
        worker_cost_per_hour: 1,
        tags: [],
      });
    }
    const rows = Array.from({ length: days * 1440 }, (_, i) => {
      const ms = startMs + i * minuteMs;
      return `${new Date(ms).toISOString()},${rateAt(ms + minuteMs / 2).toFixed(3)}`;
    });
    await writeFile(join(folder, 'mail.csv'), ['timestamp,arrival_rate', ...rows].join('\n'));
  });
  after(async () => {
    await stack?.stop();
    await helper?.close();
    for (const step of undo.reverse()) await step();
    await rm(folder, { recursive: true, force: true });
  });

  async function api<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${stack.url}/api/v1/capacity${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async function capplan(args: string[], onProgress: (line: string, stop: () => void) => void = () => {}) {
    const stopping = new AbortController();
    let out = '';
    const code = await historyCommand.run([...args, '--api', stack.url, '--token', token], {
      stdin: Readable.from([]),
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => onProgress(text, () => stopping.abort()) },
      signal: stopping.signal,
    });
    return { code, out };
  }

  async function untilForecast(pool: string): Promise<{ mean: number[]; made_at: string; step_s: number }> {
    for (let i = 0; i < 300; i++) {
      const made = await api<{ mean: number[]; made_at: string; step_s: number; model: string }>(
        'GET',
        `/forecast?pool=${pool}`,
      ).catch(() => undefined);
      if (made !== undefined && made.model !== 'fading_average') return made;
      await createSystemClock().sleep(200);
    }
    throw new Error(`${pool} is not forecast from its history`);
  }

  const follows = ({ mean, made_at, step_s }: { mean: number[]; made_at: string; step_s: number }): void => {
    for (const hour of [3, 9, 15, 21]) {
      const at = hour * 4;
      expect(mean[at]).to.be.closeTo(rateAt(Date.parse(made_at) + (at + 0.5) * step_s * 1000), 2);
    }
  };

  it('stops with whole batches, goes on where it stopped, and has nothing to do the third time', async () => {
    const file = join(folder, 'mail.csv');
    const first = await capplan(['import', 'shop/mail', file, '--json'], (line, stop) => {
      if (/ of 11520 rows/.test(line)) stop();
    });
    expect(first.code).to.equal(130);
    // A batch whose answer was late is sent again, and its rows are there already.
    const taken = JSON.parse(first.out);
    expect(taken).to.include({ rows: 11520, complete: false });
    expect(taken.stored + taken.unchanged).to.equal(5000);
    const second = await capplan(['import', 'shop/mail', file, '--json']);
    expect(second.code).to.equal(0);
    expect(JSON.parse(second.out)).to.include({ skipped: 5000, complete: true, gaps: 0 });
    const third = await capplan(['import', 'shop/mail', file]);
    expect(third.out).to.match(/11520 there from an earlier run/);
  });

  it('is forecast as if it had lived here, also after a restart', async () => {
    follows(await untilForecast('shop/mail'));
    await helper.close();
    await stack.stop();
    await boot();
    follows(await untilForecast('shop/mail'));
  });

  it('comes out as it went in: what was exported and imported elsewhere is the same demand', async () => {
    const exported = await capplan(['export', 'shop/mail', '--to', new Date(endMs).toISOString()]);
    expect(exported.code).to.equal(0);
    const rows = exported.out
      .trim()
      .split('\n')
      .filter((line) => /^\d/.test(line));
    expect(rows).to.have.length(11520);
    for (const row of rows.filter((_, i) => i % 97 === 0)) {
      const [time = '', rate = ''] = row.split(',');
      expect(Number(rate)).to.be.closeTo(rateAt(Date.parse(time) + minuteMs / 2), 0.05);
    }
    await writeFile(join(folder, 'again.csv'), exported.out);
    expect((await capplan(['import', 'shop/copy', join(folder, 'again.csv')])).code).to.equal(0);
    const again = await capplan(['export', 'shop/copy', '--to', new Date(endMs).toISOString()]);
    expect(again.out.replace('shop/copy', 'shop/mail')).to.equal(exported.out);
  });

  it('refuses what cannot be: an unknown pool, days as rows, and one who may not', async () => {
    const file = join(folder, 'days.csv');
    await writeFile(file, 'timestamp,arrival_rate\n2026-01-01T00:00:00Z,1\n2026-01-02T00:00:00Z,1\n');
    const refusal = (args: string[]) =>
      capplan(args).then(
        () => 'nothing refused',
        (error: Error) => `${error.name}: ${error.message}`,
      );
    expect(await refusal(['import', 'shop/mail', file])).to.match(/InputError: .*rows of 86400 s/);
    expect(await refusal(['import', 'shop/none', join(folder, 'mail.csv')])).to.match(
      /InputError: .*no pool shop\/none/,
    );
    token = await stack.issueToken('bob', ['viewer']);
    expect(await refusal(['import', 'shop/mail', join(folder, 'mail.csv')])).to.match(/capacity:import/);
  });
});
