import { isCapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import type { QueueDepths } from '../ports.ts';

export interface DepthsRig {
  depths: QueueDepths;
  /** Makes the queue hold so many waiting jobs. */
  fill: (name: string, jobs: number) => Promise<void>;
  /** From now on nobody answers. */
  breakDown: () => Promise<void>;
}

/** What every `QueueDepths` has to keep. */
export function describeQueueDepthsConformance(name: string, create: () => Promise<DepthsRig>): void {
  describe(`${name} as QueueDepths`, () => {
    it('counts what waits, and finds an unknown queue empty', async () => {
      const { depths, fill } = await create();
      await fill('mail', 7);
      expect((await depths.read({ kind: 'bullmq', name: 'mail' })).jobs).to.equal(7);
      expect((await depths.read({ kind: 'bullmq', name: 'none' })).jobs).to.equal(0);
    });

    it('fails, rather than saying zero, when nobody answers', async () => {
      const { depths, fill, breakDown } = await create();
      await fill('mail', 7);
      await breakDown();
      const failure: unknown = await depths.read({ kind: 'bullmq', name: 'mail' }).catch((error: unknown) => error);
      expect(isCapacityError(failure, 'unavailable')).to.equal(true);
    });
  });
}
