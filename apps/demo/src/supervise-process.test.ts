import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { nextStart, type ProcessEnd } from './supervise-process.ts';

describe('nextStart', () => {
  const by = (code: number | null, signal: NodeJS.Signals | null = null): ProcessEnd => ({ code, signal });
  /** [what, its end, seconds since the unexpected ends until now, the pause in ms, undefined: it stays ended] */
  const table: [string, ProcessEnd, number[], number | undefined][] = [
    ['that has done its work', by(0), [], undefined],
    ['that has said why it cannot go on', by(1), [], undefined],
    ['whose options were bad', by(2), [], undefined],
    ['that was interrupted', by(130), [], undefined],
    ['that met an error nobody expected', by(70), [0], 500],
    ['that the platform gave up', by(7), [0], 500],
    ['that was killed', by(null, 'SIGKILL'), [0], 500],
    ['that aborted', by(null, 'SIGABRT'), [20, 0], 1000],
    ['for the third time in a minute', by(70), [40, 20, 0], 2000],
    ['for the fifth time in a minute', by(70), [50, 40, 30, 20, 0], undefined],
    ['for the fifth time, but in two minutes', by(70), [110, 70, 61, 20, 0], 1000],
  ];
  for (const [what, end, agoSec, afterMs] of table) {
    it(`${afterMs === undefined ? 'leaves ended' : 'starts again'} a process ${what}`, () => {
      const nowMs = 1_000_000;
      const crashedMs = agoSec.map((sec) => nowMs - sec * 1000);
      expect(nextStart(end, crashedMs, nowMs)).to.deep.equal(
        afterMs === undefined ? { restart: false } : { restart: true, afterMs },
      );
    });
  }
});

describe('superviseProcess', function () {
  this.timeout(120_000);
  const fixture = fileURLToPath(new URL('./supervise-process.fixture.ts', import.meta.url));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'capplan-supervised-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs a program under the supervisor; the program adds a line to `log` at each start. */
  const run = async (program: string, onStart?: (supervisor: number) => void) => {
    const file = join(folder, 'program.mjs');
    const log = join(folder, 'log');
    writeFileSync(log, '');
    writeFileSync(
      file,
      `import { appendFileSync, readFileSync } from 'node:fs';\nconst log = ${JSON.stringify(log)};\nappendFileSync(log, 'start\\n');\nconst starts = readFileSync(log, 'utf8').split('\\n').length - 1;\n${program}`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', '--conditions', 'source', fixture, file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString('utf8');
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (onStart) {
      while (readFileSync(log, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 20));
      onStart(child.pid as number);
    }
    const code = await ended;
    return { code, said, starts: readFileSync(log, 'utf8').split('\n').length - 1 };
  };

  it('starts the program again after an unexpected end, and ends as the program does', async () => {
    const { code, starts, said } = await run("if (starts < 3) process.kill(process.pid, 'SIGKILL'); process.exit(0);");
    expect({ code, starts }).to.deep.equal({ code: 0, starts: 3 });
    expect(said).to.contain('was ended by SIGKILL unexpectedly').and.to.contain('tidied');
  });

  it('gives up with a sentence when the program does not live', async () => {
    const { code, starts, said } = await run('process.exit(70);');
    expect({ code, starts }).to.deep.equal({ code: 1, starts: 5 });
    expect(said).to.contain('ended with code 70, 5 times within a minute, and is not started again');
  });

  it('asks the program to stop when it is asked itself, and ends it when asked twice', async () => {
    const obedient =
      "process.on('message', (word) => process.exit(word === 'stop' ? 0 : 1)); setInterval(() => {}, 1000);";
    expect((await run(obedient, (pid) => process.kill(pid, 'SIGTERM'))).code).to.equal(0);
    const stubborn =
      "process.on('message', (word) => word === 'end' && process.exit(130)); setInterval(() => {}, 1000);";
    const twice = (pid: number) => {
      process.kill(pid, 'SIGINT');
      setTimeout(() => process.kill(pid, 'SIGINT'), 1500);
    };
    expect((await run(stubborn, twice)).code).to.equal(130);
  });
});
