import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type ClaimVerdict, claimFolder, claimHolder } from './claim-folder.ts';

const fixture = fileURLToPath(new URL('./claim-folder.fixture.ts', import.meta.url));

describe('claimFolder', function () {
  this.timeout(60_000);
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'capplan-claim-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  /** Processes that wait for the word, and what each of them then answers. */
  const outsiders = async (count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const settings = ['--import', 'tsx', '--conditions', 'source', fixture, folder];
        const child = spawn(process.execPath, settings, { stdio: ['pipe', 'pipe', 'inherit'] });
        children.push(child);
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        await lines.next();
        const ask = async (): Promise<ClaimVerdict> => {
          child.stdin.write('go');
          return JSON.parse((await lines.next()).value as string) as ClaimVerdict;
        };
        const kill = async (): Promise<void> => {
          const gone = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGKILL');
          await gone;
        };
        return { pid: child.pid, ask, kill };
      }),
    );

  it('is given once, names its holder, and can be taken again when it was released', async () => {
    const before = Date.now();
    const first = await claimFolder(folder);
    const second = await claimFolder(folder);
    expect(second).to.deep.include({ ok: false }).and.to.have.nested.property('holder.pid', process.pid);
    if (!second.ok) expect(second.holder.sinceMs).to.be.within(before, Date.now());
    expect(await claimHolder(folder)).to.include({ pid: process.pid });
    if (first.ok) await first.claim.release();
    expect(readdirSync(folder)).to.deep.equal([]);
    expect(await claimHolder(folder)).to.equal(undefined);
    expect((await claimFolder(folder)).ok).to.equal(true);
  });

  it('is refused while another process has it, and given when that was killed', async () => {
    const [outsider] = await outsiders(1);
    expect((await outsider?.ask())?.ok).to.equal(true);
    expect(await claimFolder(folder)).to.have.nested.property('holder.pid', outsider?.pid);
    await outsider?.kill();
    expect((await claimFolder(folder)).ok).to.equal(true);
    expect(readdirSync(folder)).to.have.length(2);
  });

  it('does not take for its holder a process that got the same number later', async () => {
    const name = ['1', process.pid, '0', encodeURIComponent('ticks:1')].join('~');
    for (const file of [name, `${name}.held`]) writeFileSync(join(folder, file), '');
    expect((await claimFolder(folder)).ok).to.equal(true);
    expect(readdirSync(folder)).to.not.include(name);
  });

  it('is given to exactly one of many who ask at the same moment', async () => {
    const four = await outsiders(4);
    const verdicts = await Promise.all(four.map(({ ask }) => ask()));
    expect(verdicts.filter(({ ok }) => ok)).to.have.length(1);
    await Promise.all(four.map(({ kill }) => kill()));
    const inside = await Promise.all(Array.from({ length: 30 }, () => claimFolder(folder)));
    expect(inside.filter(({ ok }) => ok)).to.have.length(1);
  });
});
