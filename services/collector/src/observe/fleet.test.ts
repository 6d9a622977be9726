import { expect } from 'chai';
import { countFleet } from './fleet.ts';
import type { WorkerSeen } from './observation.ts';
import { endMs, samplePool, sampleRollout, sampleWorkers, settings } from './samples.test-data.ts';

const kubernetes = { kind: 'kubernetes' } as const;

describe('countFleet', () => {
  const count = (input: {
    pool?: Parameters<typeof samplePool>[0];
    seen?: WorkerSeen[];
    rollout?: ReturnType<typeof sampleRollout>;
    haveAllLeft?: boolean;
  }) =>
    countFleet(
      {
        pool: samplePool({ actuator: kubernetes, ...input.pool }),
        seen: input.seen ?? [],
        reports: [],
        rollout: input.rollout,
        memory: { workers: 0, haveAllLeft: input.haveAllLeft ?? false },
        nowMs: endMs,
      },
      settings,
    );
  const silent = sampleWorkers(2, { seenAtMs: endMs - 600_000 });
  const gone = sampleWorkers(2, { leaving: true });

  for (const [what, input, isKnown, reasons] of [
    ['two report', { seen: sampleWorkers(2) }, true, []],
    ['none has ever reported', {}, false, ['missing']],
    ['none has ever reported, and we start them', { pool: { actuator: { kind: 'process' as const } } }, true, []],
    [
      'nobody starts them, and none has reported',
      { pool: { actuator: { kind: 'none' as const } } },
      false,
      ['missing'],
    ],
    ['registered with none', { pool: { initial_workers: 0 } }, true, []],
    ['registered with three that do not report', { pool: { initial_workers: 3 } }, false, ['missing']],
    ['all said goodbye', { seen: gone }, true, []],
    ['all said goodbye, long ago', { haveAllLeft: true }, true, []],
    ['all fell silent without goodbye', { seen: silent }, false, ['missing']],
    ['ordered to zero', { rollout: sampleRollout(0, 3600) }, true, []],
    ['three ordered just now', { rollout: sampleRollout(3, 20) }, true, []],
    ['three ordered an hour ago that do not report', { rollout: sampleRollout(3, 3600) }, false, ['missing']],
    [
      'three ordered an hour ago of our own',
      { pool: { actuator: { kind: 'process' as const } }, rollout: sampleRollout(3, 3600) },
      true,
      ['missing'],
    ],
  ] as const) {
    it(`${isKnown ? 'knows' : 'does not know'} how many there are: ${what}`, () => {
      const fleet = count(input as Parameters<typeof count>[0]);
      expect(fleet.isKnown).to.equal(isKnown);
      expect(fleet.suspects.map(({ reason }) => reason)).to.deep.equal(reasons);
    });
  }

  it('does not ask a worker’s clock whether it is there, and notes the clocks that are off', () => {
    const behind = sampleWorkers(2, { clockAheadMs: -20_000 });
    const right = sampleWorkers(2).map((worker) => ({ ...worker, worker: `${worker.worker}b`, clockAheadMs: -3 }));
    const fleet = count({ seen: [...behind, ...right] });
    expect(fleet).to.deep.include({ workers: 4, suspects: [] });
    expect(fleet.notes[0]?.detail).to.contain('2 of 4 workers are up to 20 s behind ours');
    // Dead for a minute, with clocks two minutes ahead.
    const dead = sampleWorkers(1, { worker: 'dead', seenAtMs: endMs - 60_000, clockAheadMs: 120_000 });
    expect(count({ seen: [...right, ...dead] })).to.deep.include({ workers: 2, notes: [] });
  });
});
