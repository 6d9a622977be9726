import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processBirth } from '@capplan/runtime';
import { expect } from 'chai';
import { type StartedDemo, startedDemo } from './started-demo.ts';

const hasServers = ['nats-server', 'redis-server'].every((program) => {
  try {
    return execFileSync(program, ['--version']).length > 0;
  } catch {
    return false;
  }
});

describe('the ends of the main job', function () {
  this.timeout(600_000);
  let folder: string;
  const demos: StartedDemo[] = [];
  const dataDir = () => join(folder, 'data');
  const start = (...words: string[]): StartedDemo => {
    const demo = startedDemo({ words: ['--headless', '--load', '2', ...words], dataDir: dataDir() });
    demos.push(demo);
    return demo;
  };
  /** The process that the supervisor has started. */
  const inner = (): number => {
    const [claim] = readdirSync(join(dataDir(), 'running'));
    return Number(claim?.split('~')[1]);
  };
  const expectNothingLeft = (...ended: StartedDemo[]) => {
    for (const { processes } of ended) expect(processes()).to.deep.equal([]);
    const claims = join(dataDir(), 'running');
    expect(existsSync(claims) ? readdirSync(claims) : []).to.deep.equal([]);
  };
  const signalGroup = (demo: StartedDemo, signal: NodeJS.Signals) => process.kill(-(demo.child.pid as number), signal);
  const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  before(function () {
    if (!hasServers || process.platform !== 'linux') this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'capplan-ends-'));
  });
  afterEach(() => {
    for (const { processes } of demos.splice(0)) for (const pid of processes()) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuse a second start on the same folder with one sentence, and leave the first one alone', async () => {
    const first = start();
    await first.until('TOKEN');
    const second = start();
    expect(await second.ended).to.equal(1);
    expect(second.printed().trim().split('\n')).to.have.length(1);
    expect(second.printed()).to.contain(`in use by process ${inner()} since`).and.to.contain('--data');
    signalGroup(first, 'SIGINT');
    expect(await first.ended).to.equal(0);
    expect(first.printed()).to.contain('lived through');
    expectNothingLeft(first, second);
  });

  it('are survived when the process is killed: what it had started is ended, and it goes on', async () => {
    const demo = start();
    await demo.until('TOKEN');
    const [before, servers] = [inner(), ['nats', 'redis'].map(serverOf)];
    process.kill(before, 'SIGKILL');
    await demo.until('is started again in');
    for (const pid of servers) expect(await processBirth(pid), `server ${pid}`).to.equal(undefined);
    while (demo.printed().split('TOKEN').length < 3) await later(100);
    expect(inner()).to.not.equal(before);
    signalGroup(demo, 'SIGTERM');
    expect(await demo.ended).to.equal(0);
    expect(demo.printed()).to.contain('the process was started again once: figures count from the last start');
    expectNothingLeft(demo);
  });

  it('of everything at once leave orphans that the next start ends, and go on from there', async () => {
    const first = start();
    await first.until('TOKEN');
    const servers = ['nats', 'redis'].map(serverOf);
    for (const pid of [first.child.pid as number, inner()]) process.kill(pid, 'SIGKILL');
    await first.ended;
    const second = start();
    await second.until('left behind in');
    for (const pid of servers) expect(await processBirth(pid), `server ${pid}`).to.equal(undefined);
    await second.until('TOKEN');
    signalGroup(second, 'SIGINT');
    expect(await second.ended).to.equal(0);
    expectNothingLeft(first, second);
  });

  it('come in order when only the supervisor is killed', async () => {
    const demo = start();
    await demo.until('TOKEN');
    process.kill(demo.child.pid as number, 'SIGKILL');
    for (let looks = 0; looks < 600 && demo.processes().length > 0; looks++) await later(100);
    expectNothingLeft(demo);
  });

  for (const [moment, waitMs] of [
    ['before anything has begun', 100],
    ['while its servers and services start', 1500],
    ['while it waits for its first workers', 'waiting for the first'],
  ] as const) {
    it(`come when Ctrl-C does ${moment}: exit 130, nothing left`, async () => {
      const demo = start();
      await (typeof waitMs === 'string' ? demo.until(waitMs) : later(waitMs));
      signalGroup(demo, 'SIGINT');
      expect(await demo.ended).to.be.oneOf([130, 'SIGINT']);
      expectNothingLeft(demo);
    });
  }

  it('come at once at a second Ctrl-C: exit 130, nothing left', async () => {
    const demo = start();
    await demo.until('TOKEN');
    process.kill(inner(), 'SIGSTOP');
    signalGroup(demo, 'SIGINT');
    await later(1500);
    process.kill(inner(), 'SIGCONT');
    signalGroup(demo, 'SIGINT');
    expect(await demo.ended).to.be.oneOf([130, 0]);
    expectNothingLeft(demo);
  });

  it('come at once when the port is taken, with one sentence that names it and the option', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const demo = start('--port', String(port));
    expect(await demo.ended).to.equal(1);
    server.close();
    const lines = demo.printed().trim().split('\n');
    expect(lines).to.have.length(1);
    expect(lines[0]).to.contain(`port ${port} is taken by another program`).and.to.contain('--port');
    expectNothingLeft(demo);
  });

  function serverOf(name: string): number {
    return (JSON.parse(readFileSync(join(dataDir(), name, 'server.pid'), 'utf8')) as { pid: number }).pid;
  }
});
