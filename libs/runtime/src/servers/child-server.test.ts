import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isSameProcess, processBirth } from '../process/process-list.ts';
import { endLeftoverServer, startChildServer } from './child-server.ts';
import { freePort } from './free-port.ts';

/** A program that answers as soon as somebody connects. */
const script = "require('net').createServer((s) => s.end('HERE')).listen(Number(process.argv[1]), '127.0.0.1')";

describe('startChildServer', function () {
  this.timeout(30_000);
  let dataDir: string;
  const strangers: ChildProcess[] = [];
  const recordFile = () => join(dataDir, 'server.pid');
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'capplan-server-'));
  });
  afterEach(async () => {
    await endLeftoverServer(dataDir);
    for (const stranger of strangers.splice(0)) stranger.kill('SIGKILL');
    rmSync(dataDir, { recursive: true });
  });

  const start = async () => {
    const port = await freePort();
    const args = ['-e', script, String(port), dataDir];
    const isReady = (answer: string) => answer === 'HERE';
    return startChildServer({ command: process.execPath, args, url: `x://127.0.0.1:${port}`, port, dataDir, isReady });
  };
  const stranger = async (...words: string[]): Promise<number> => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', ...words], { stdio: 'ignore' });
    strangers.push(child);
    await new Promise((resolve) => child.once('spawn', resolve));
    return child.pid as number;
  };
  const lives = async (pid: number) => (await processBirth(pid)) !== undefined;

  it('leaves no record behind when it is stopped', async () => {
    const server = await start();
    const { pid, birth } = JSON.parse(readFileSync(recordFile(), 'utf8')) as { pid: number; birth: string };
    expect(pid).to.equal(server.pid);
    expect(await isSameProcess(pid, birth)).to.equal(true);
    await server.stop();
    expect(existsSync(recordFile())).to.equal(false);
    expect(await endLeftoverServer(dataDir)).to.equal(false);
  });

  it('ends what a killed parent has left on the same folder, before it starts another', async () => {
    const left = await start();
    const next = await start();
    expect(await lives(left.pid)).to.equal(false);
    expect(await lives(next.pid)).to.equal(true);
  });

  /** [what the record says, whether the process of that number names the folder, whether it is ended] */
  const records: [string, (pid: number, birth: string) => unknown, boolean, boolean][] = [
    ['its number and its start', (pid, birth) => ({ pid, birth }), false, true],
    ['its number and the start of another', (pid) => ({ pid, birth: 'ticks:1' }), true, false],
    ['its number alone, as older versions wrote it', (pid) => pid, true, true],
    ['its number alone, and the process knows nothing of the folder', (pid) => ({ pid }), false, false],
  ];
  for (const [what, record, namesFolder, ends] of records) {
    it(`${ends ? 'ends' : 'leaves alone'} a process of which the record says ${what}`, async () => {
      const pid = await stranger(...(namesFolder ? [dataDir] : []));
      writeFileSync(recordFile(), JSON.stringify(record(pid, (await processBirth(pid)) as string)));
      expect(await endLeftoverServer(dataDir)).to.equal(ends);
      expect(await lives(pid)).to.equal(!ends);
      expect(existsSync(recordFile())).to.equal(false);
    });
  }

  it('takes a damaged record for none', async () => {
    for (const text of ['', '{"pi', '"x"', 'null', '{"pid":1}', '-5']) {
      writeFileSync(recordFile(), text);
      expect(await endLeftoverServer(dataDir), text).to.equal(false);
    }
  });
});
