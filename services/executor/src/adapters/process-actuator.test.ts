import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryLog, createSystemClock, isSameProcess } from '@capplan/runtime';
import { expect } from 'chai';
import { describeActuatorConformance } from '../conformance/actuator.ts';
import { samplePool } from '../conformance/samples.ts';
import { endWorkers } from './end-workers.ts';
import { createProcessActuator } from './process-actuator.ts';
import type { ProcessState } from './process-state.ts';

const clock = createSystemClock();
const pool = samplePool({ startup_delay: '1s' });
const obedient = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);";
const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";

const folders: string[] = [];
const openOnes: { close(): Promise<void> }[] = [];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'capplan-workers-'));
  folders.push(path);
  return path;
}

async function open(stateFile: string, { script = obedient, stops = true, drainMs = 2000 } = {}) {
  const actuator = await createProcessActuator({
    clock,
    log: createMemoryLog(),
    stateFile,
    drainMs,
    superviseMs: 50,
    stopsWorkersOnClose: stops,
    commandFor: () => ({ command: process.execPath, args: ['-e', script] }),
  });
  openOnes.push(actuator);
  return actuator;
}

const stateOf = (file: string) => (JSON.parse(readFileSync(file, 'utf8')) as ProcessState).pools[pool.id];
const running = async (file: string) => {
  const found = [];
  for (const worker of stateOf(file)?.workers ?? [])
    if (await isSameProcess(worker.pid, worker.birth)) found.push(worker);
  return found;
};

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return;
    await clock.sleep(25);
  }
  throw new Error('it did not come about');
}

describe('createProcessActuator', function () {
  this.timeout(30_000);
  afterEach(async () => {
    for (const actuator of openOnes.splice(0)) await actuator.close();
    for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
  });

  describeActuatorConformance('real processes', async () => {
    const file = join(folder(), 'workers.json');
    const actuator = await open(file);
    const staying = () => (stateOf(file)?.workers ?? []).filter((worker) => worker.leaving_since_ms === null);
    return {
      actuator,
      pool,
      names: async () => staying().map(({ worker }) => worker),
      pass: (ms) => clock.sleep(Math.min(ms, 50)),
    };
  });

  it('starts a worker again that has crashed, under a new name', async () => {
    const file = join(folder(), 'workers.json');
    const actuator = await open(file);
    await actuator.setWorkers({ pool, workers: 2, fencingToken: 1 });
    const [victim, other] = await running(file);
    process.kill(victim?.pid as number, 'SIGKILL');
    await until(
      async () =>
        (await running(file)).length === 2 && (stateOf(file)?.workers.every(({ pid }) => pid !== victim?.pid) ?? false),
    );
    const names = (await running(file)).map(({ worker }) => worker);
    expect(names).to.include(other?.worker).and.to.not.include(victim?.worker);
  });

  it('kills a worker that does not leave when asked', async () => {
    const file = join(folder(), 'workers.json');
    const actuator = await open(file, { script: deaf, drainMs: 300 });
    await actuator.setWorkers({ pool, workers: 1, fencingToken: 1 });
    const [stubborn] = await running(file);
    // Let it put its ears away first.
    await clock.sleep(3000);
    await actuator.setWorkers({ pool, workers: 0, fencingToken: 1 });
    expect((await actuator.current(pool)).ready).to.equal(0);
    await until(async () => !(await isSameProcess(stubborn?.pid as number, stubborn?.birth as string)));
  });

  it('acts on no order that it cannot write down, and asks nobody to leave whom it would then only kill', async () => {
    const file = join(folder(), 'workers.json');
    const actuator = await open(file, { drainMs: 200 });
    await actuator.setWorkers({ pool, workers: 2, fencingToken: 1 });
    const before = await running(file);
    // No file can be written there, as on a full disk.
    mkdirSync(`${file}.next`);
    for (const workers of [1, 4]) {
      const refused = await actuator.setWorkers({ pool, workers, fencingToken: 2 }).catch((error: unknown) => error);
      expect(refused).to.be.an('error');
    }
    await clock.sleep(600);
    expect(await actuator.current(pool)).to.deep.equal({ workers: 2, ready: 2 });
    expect(await running(file)).to.deep.equal(before);
    rmdirSync(`${file}.next`);
    expect(await actuator.setWorkers({ pool, workers: 3, fencingToken: 2 })).to.deep.equal({ ok: true, workers: 3 });
    await until(async () => (await running(file)).length === 3);
  });

  it('is adopted by the next executor: no worker is lost, doubled or left behind', async () => {
    const file = join(folder(), 'workers.json');
    const first = await open(file, { stops: false });
    await first.setWorkers({ pool, workers: 3, fencingToken: 4 });
    const before = (await running(file)).map(({ pid }) => pid);
    await first.close();
    const second = await open(file);
    expect(await second.current(pool)).to.deep.equal({ workers: 3, ready: 3 });
    expect(await second.setWorkers({ pool, workers: 5, fencingToken: 3 })).to.include({
      ok: false,
      reason: 'stale_token',
    });
    await second.setWorkers({ pool, workers: 1, fencingToken: 5 });
    await until(async () => (await running(file)).length === 1);
    expect((await running(file)).map(({ pid }) => pid)).to.deep.equal([before[0]]);
  });

  it('takes in a worker that its starter did not live to write down', async function () {
    if (process.platform !== 'linux') this.skip();
    const file = join(folder(), 'workers.json');
    const first = await open(file, { stops: false });
    await first.setWorkers({ pool, workers: 2, fencingToken: 1 });
    await first.close();
    const state = JSON.parse(readFileSync(file, 'utf8')) as ProcessState;
    const lost = state.pools[pool.id]?.workers.pop();
    writeFileSync(file, JSON.stringify(state));
    const second = await open(file);
    expect(await second.current(pool)).to.deep.equal({ workers: 2, ready: 2 });
    await second.setWorkers({ pool, workers: 0, fencingToken: 2 });
    await until(async () => !(await isSameProcess(lost?.pid as number, lost?.birth as string)));
  });

  it('has its workers ended when it was killed, the written and the unwritten, and nobody else', async function () {
    if (process.platform !== 'linux') this.skip();
    const file = join(folder(), 'workers.json');
    const first = await open(file, { script: deaf, stops: false });
    await first.setWorkers({ pool, workers: 3, fencingToken: 1 });
    await first.close();
    const state = JSON.parse(readFileSync(file, 'utf8')) as ProcessState;
    const workers = [...(state.pools[pool.id]?.workers ?? [])];
    const [stranger] = state.pools[pool.id]?.workers.splice(0, 1) ?? [];
    state.pools[pool.id]?.workers.push({
      ...(stranger as ProcessState['pools'][string]['workers'][number]),
      pid: process.pid,
      birth: 'ticks:1',
    });
    writeFileSync(file, JSON.stringify(state));
    expect(await endWorkers(file, { graceMs: 100 })).to.equal(3);
    for (const { pid, birth } of workers) await until(async () => !(await isSameProcess(pid, birth)));
    expect(await endWorkers(file, { graceMs: 100 })).to.equal(0);
  });

  it('keeps the grace of an order over a restart: who works on is not killed with the ordinary grace', async () => {
    const file = join(folder(), 'workers.json');
    const first = await open(file, { script: deaf, drainMs: 100, stops: false });
    await first.setWorkers({ pool, workers: 1, fencingToken: 1 });
    const [stubborn] = await running(file);
    await clock.sleep(3000);
    await first.setWorkers({ pool, workers: 0, fencingToken: 1, graceMs: 60_000 });
    await first.close();
    const second = await open(file, { script: deaf, drainMs: 100 });
    await clock.sleep(500);
    expect(await isSameProcess(stubborn?.pid as number, stubborn?.birth as string)).to.equal(true);
    expect(stateOf(file)?.workers[0]?.grace_ms).to.equal(60_000);
    await second.close();
    await until(async () => !(await isSameProcess(stubborn?.pid as number, stubborn?.birth as string)));
  });

  it('refuses a state file that is in use, naming whose it is, and takes over a dead one’s', async () => {
    const file = join(folder(), 'workers.json');
    const first = await open(file);
    const refusal = await open(file).then(
      () => 'let in',
      (error: unknown) => String(error),
    );
    expect(refusal).to.contain(`used by process ${process.pid}`);
    await first.close();
    writeFileSync(`${file}.lock`, JSON.stringify({ pid: process.pid, birth: 'ticks:1' }));
    await (await open(file)).close();
    writeFileSync(`${file}.lock`, '{"pi');
    await (await open(file)).close();
  });

  it('leaves alone a stranger who got the number of a former worker', async () => {
    const file = join(folder(), 'workers.json');
    const stranger = { worker: 'shop-checkout-1', pid: process.pid, birth: 'ticks:1', leaving_since_ms: 1 };
    writeFileSync(
      file,
      JSON.stringify({ pools: { [pool.id]: { wanted: 0, newest_token: 0, next_number: 2, workers: [stranger] } } }),
    );
    const actuator = await open(file);
    await actuator.setWorkers({ pool, workers: 0, fencingToken: 1 });
    expect(stateOf(file)?.workers).to.deep.equal([]);
  });

  it('pauses longer and longer when workers do not live', async () => {
    const file = join(folder(), 'workers.json');
    const actuator = await open(file, { script: 'process.exit(1)' });
    await actuator.setWorkers({ pool, workers: 1, fencingToken: 1 });
    await clock.sleep(1500);
    // Every 50 ms would have made thirty of them.
    expect(stateOf(file)?.next_number).to.be.within(2, 8);
  });

  it('says what is wrong with a command that cannot be run, and with a damaged state file', async () => {
    const path = join(folder(), 'workers.json');
    const actuator = await createProcessActuator({
      clock,
      log: createMemoryLog(),
      stateFile: path,
      drainMs: 100,
      commandFor: ({ id }) => (id === pool.id ? { command: '/nowhere/at/all', args: [] } : undefined),
    });
    openOnes.push(actuator);
    expect(await actuator.setWorkers({ pool, workers: 1, fencingToken: 1 })).to.include({ ok: true });
    expect(await actuator.current(pool)).to.deep.equal({ workers: 1, ready: 0 });
    expect(await actuator.setWorkers({ pool: samplePool({ id: 'a/b' }), workers: 1, fencingToken: 1 })).to.include({
      reason: 'not_offered',
    });
    await actuator.close();
    writeFileSync(path, '{');
    let said = '';
    await open(path).catch((error) => {
      said = String(error);
    });
    expect(said).to.contain('is damaged');
  });
});
