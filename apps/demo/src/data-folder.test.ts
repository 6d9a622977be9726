import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processBirth } from '@capplan/runtime';
import { expect } from 'chai';
import { claimDataFolder, openDataFolder } from './data-folder.ts';

describe('the data folder', function () {
  this.timeout(30_000);
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'capplan-data-'));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  /** A server's process that its killed parent has left on the folder. */
  const leaveServer = async (path: string): Promise<number> => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('spawn', resolve));
    const pid = child.pid as number;
    mkdirSync(join(path, 'redis'), { recursive: true });
    writeFileSync(join(path, 'redis', 'server.pid'), JSON.stringify({ pid, birth: await processBirth(pid) }));
    return pid;
  };
  const deadClaim = (folder: string) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, ['1', process.pid, '0', encodeURIComponent('ticks:1')].join('~')), '');
  };
  const lives = async (pid: number) => (await processBirth(pid)) !== undefined;

  it('is refused in one sentence that says who has it, since when, and what to do', async () => {
    const path = join(parent, 'data');
    const first = await claimDataFolder(path, () => {});
    const second = await claimDataFolder(path, () => {});
    if (second.ok || !first.ok) throw new Error('it was given twice');
    expect(second.sentence).to.match(
      new RegExp(
        `^the data folder ${path} is in use by process ${process.pid} since \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z: stop that one .* --data$`,
      ),
    );
    await first.claim.release();
    expect((await claimDataFolder(path, () => {})).ok).to.equal(true);
  });

  it('is given with what a killed run has left on it ended', async () => {
    const path = join(parent, 'data');
    deadClaim(join(path, 'running'));
    const pid = await leaveServer(path);
    const said: string[] = [];
    expect((await claimDataFolder(path, (sentence) => said.push(sentence))).ok).to.equal(true);
    expect(await lives(pid)).to.equal(false);
    expect(said).to.deep.equal([`ended 1 process that an earlier run had left behind in ${path}`]);
  });

  it('is a fresh one that goes away, after those that killed runs have left, and none that is in use', async () => {
    const abandoned = mkdtempSync(join(parent, 'capacity-planner-run-'));
    deadClaim(join(abandoned, 'made-by'));
    const pid = await leaveServer(abandoned);
    const stillRun = mkdtempSync(join(parent, 'capacity-planner-run-'));
    await claimDataFolder(stillRun, () => {});
    deadClaim(join(stillRun, 'made-by'));
    const justMade = mkdtempSync(join(parent, 'capacity-planner-run-'));
    const other = await openDataFolder(undefined, parent);

    const folder = await openDataFolder(undefined, parent);
    expect([abandoned, stillRun, justMade, other.path, folder.path].map(existsSync)).to.deep.equal([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(await lives(pid)).to.equal(false);
    await folder.close();
    expect(existsSync(folder.path)).to.equal(false);
  });
});
