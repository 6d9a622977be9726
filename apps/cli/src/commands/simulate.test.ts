import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { readScenario } from '@capplan/simulation';
import { expect } from 'chai';
import { parse } from 'yaml';
import { type CommandIo, exitCodes, InputError } from '../command.ts';
import { command } from './simulate.ts';

const root = new URL('../../../../', import.meta.url);
const minimal = `
horizon: 10m
replications: 6
traffic: { pattern: constant, rate: 5 }
service: { distribution: exponential, mean: 1s }
capacity: { workers: WORKERS }
objective: { latency: 4s }
cost: { per_worker_hour: 1 }
`;

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'capplan-simulate-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(args: string[], signal = new AbortController().signal) {
  let stdout = '';
  let stderr = '';
  const io: CommandIo = {
    stdin: Readable.from([]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal,
  };
  return { code: await command.run(args, io), stdout, stderr };
}

async function scenarioFile(folder: string, name: string, workers: number): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  await writeFile(path, `name: ${name}${minimal.replace('WORKERS', String(workers))}`);
  return path;
}

describe('capplan simulate', () => {
  it('prints figures with their intervals, and everything as JSON', () =>
    inFolder(async (folder) => {
      const path = await scenarioFile(folder, 'small', 8);
      const table = await run([path]);
      expect(table.code).to.equal(exitCodes.ok);
      expect(table.stdout).to.match(/small: 10 min, 6 replications/);
      expect(table.stdout).to.match(/response, p95 +[\d.]+ s +\[/);
      expect(table.stdout).to.match(/worker-hours +1.33/);
      const { stdout } = await run([path, '--json']);
      const result = JSON.parse(stdout);
      expect(result.pools[0].summary.worker_hours.mean).to.be.closeTo(8 / 6, 1e-6);
      expect(result.pools[0].timeline.response_sec_p95.mean).to.have.length(result.pools[0].timeline.start_sec.length);
    }));

  it('judges others against the first on the same jobs, and draws a report', () =>
    inFolder(async (folder) => {
      const paths = [await scenarioFile(folder, 'tight', 6), await scenarioFile(folder, 'roomy', 12)];
      const report = join(folder, 'report.html');
      const { stdout } = await run([paths[0]!, '--compare', paths[1]!, '--report', report]);
      expect(stdout).to.match(/roomy against tight/);
      expect(stdout).to.match(/response, mean .*better/);
      expect(stdout).to.match(/cost of workers .*worse/);
      const html = await readFile(report, 'utf8');
      expect(html).to.match(/<svg[\s\S]*roomy/);
      expect(html).to.not.match(/NaN|Infinity|undefined|https?:\/\/(?!www\.w3\.org)/);
    }));

  it('reads a recorded trace beside the scenario, bridging what is missing', () =>
    inFolder(async (folder) => {
      const rows = ['00:00:00Z,2', '00:01:00Z,4', '00:03:00Z,8', '00:04:00Z,2'].map((row) => `2026-01-01T${row}`);
      await writeFile(join(folder, 'trace.csv'), `timestamp,arrival_rate\n${rows.join('\n')}\n`);
      const path = join(folder, 'replay.yaml');
      await writeFile(
        path,
        `horizon: 4m
interval: 1m
replications: 2
traffic: { pattern: recorded, file: trace.csv, skip: 1m, exact: true }
service: 100ms
capacity: { workers: 4 }`,
      );
      const { stdout, stderr } = await run([path, '--json']);
      expect(stderr).to.match(/1 missing intervals bridged/);
      expect(JSON.parse(stdout).pools[0].timeline.arrivals.mean).to.deep.equal([240, 360, 480, 120]);
    }));

  it('lets the real decisions scale a pool that has a policy, and refuses a policy that is none', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'policy.yaml');
      const policy = '{ name: p, mode: auto, slo: { p95_latency: 8s }, scaling: { min_workers: 1, max_workers: 50 } }';
      const text = minimal
        .replace('10m', '30m')
        .replace('{ workers: WORKERS }', `{ policy: ${policy}, initial_workers: 2, every: 30s }`);
      await writeFile(path, text);
      const { stdout } = await run([path, '--json']);
      const { mean } = JSON.parse(stdout).pools[0].summary.workers_max;
      expect(mean).to.be.within(6, 50);
      await writeFile(path, text.replace('mode: auto', 'mood: auto'));
      expect(String(await run([path]).catch((error: unknown) => error))).to.match(/InputError: .*mood/);
    }));

  it('names what is wrong with a file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'bad.yaml');
      await writeFile(path, `horizon: 9d${minimal.replace('horizon: 10m', 'horizn: 1')}`);
      const problem = await run([path]).catch((error: unknown) => error);
      expect(problem).to.be.instanceOf(InputError);
      expect(String(problem)).to.match(/horizon: must be .* 604800 s, not '9d'/);
      expect(String(problem)).to.match(/horizn: is not known here/);
      await writeFile(path, 'a: [1');
      expect(String(await run([path]).catch((error: unknown) => error))).to.match(/bad\.yaml:1/);
      expect(String(await run(['nowhere.yaml']).catch((error: unknown) => error))).to.match(/there is no such file/);
    }));

  it('stops when it is interrupted', () =>
    inFolder(async (folder) => {
      const path = await scenarioFile(folder, 'long', 8);
      const long = (await readFile(path, 'utf8'))
        .replace('10m', '7d')
        .replace('rate: 5', 'rate: 50')
        .replace('8', '80');
      await writeFile(path, long);
      const interrupted = new AbortController();
      interrupted.abort();
      expect((await run([path], interrupted.signal)).code).to.equal(exitCodes.interrupted);
    }));
});

describe('docs/scenarios.md', () => {
  it('holds only examples that are accepted', async () => {
    const text = await readFile(new URL('docs/scenarios.md', root), 'utf8');
    const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block!);
    expect(blocks.length).to.be.greaterThan(14);
    const base = parse(minimal.replace('WORKERS', '8'));
    for (const block of blocks) {
      const given = parse(block);
      const whole = block.startsWith('# traffic')
        ? { ...base, traffic: given }
        : block.startsWith('# part')
          ? { ...base, horizon: '1h', ...given }
          : given;
      const read = readScenario(whole);
      expect(read.ok, `${block}\n${JSON.stringify(read.ok || read.problems)}`).to.equal(true);
    }
  });
});

describe('examples/scenarios', () => {
  it('are all accepted', async () => {
    const folder = new URL('examples/scenarios/', root);
    const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
    expect(names.length).to.be.at.least(3);
    for (const name of names) {
      const read = readScenario(parse(await readFile(new URL(name, folder), 'utf8')));
      expect(read.ok, `${name}: ${JSON.stringify(read.ok || read.problems)}`).to.equal(true);
    }
  });
});
