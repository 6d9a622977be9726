import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@capplan/runtime';
import { expect } from 'chai';
import { type StartedDemo, startedDemo } from './started-demo.ts';

/** An ordinary user of this machine, where the tests are allowed to become one. */
const ordinaryUser = process.getuid?.() === 0 ? 65_534 : undefined;

describe('the main job on a newcomer’s laptop: no servers, no root, three at once', function () {
  this.timeout(360_000);
  let home: string;
  let runs: StartedDemo[] = [];

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'capplan-laptop-'));
    // Nothing but Node is on the PATH.
    symlinkSync(process.execPath, join(home, 'node'));
    chmodSync(home, 0o755);
    if (ordinaryUser !== undefined) chownSync(home, ordinaryUser, ordinaryUser);
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    runs = ports.map((port, i) =>
      startedDemo({
        words: ['--headless', '--json', '--minutes', '0.75', '--load', '2', '--port', String(port)],
        dataDir: join(home, `data-${i}`),
        env: { PATH: home, HOME: home, TMPDIR: home, NATS_URL: undefined, REDIS_URL: undefined },
        ...(ordinaryUser === undefined ? {} : { uid: ordinaryUser }),
      }),
    );
    await Promise.all(runs.map(({ ended }) => ended));
  });

  after(() => {
    for (const { processes } of runs) for (const pid of processes()) process.kill(pid, 'SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  it('ends well, and says that its servers were in memory and why', async () => {
    for (const { ended, printed } of runs) {
      expect(await ended, printed()).to.equal(0);
      expect(printed()).to.contain('In-memory servers (nats-server and redis-server not found; --install');
    }
  });

  it('does the jobs, loses none, and keeps a whole audit chain', () => {
    for (const { summary } of runs) {
      expect(summary()).to.include({ servers: 'in memory', jobs_lost: 0, audit_intact: true });
      expect(summary().jobs_completed).to.be.greaterThan(0);
    }
  });

  it('installs nothing, was never started again, and leaves no process behind', () => {
    for (const { processes, printed } of runs) {
      expect(processes()).to.deep.equal([]);
      expect(printed()).to.not.match(/installing|started again|nobody caught|nobody handled/);
    }
  });
});
