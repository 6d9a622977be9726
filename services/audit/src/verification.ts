import { CapacityError } from '@capplan/contracts';
import type { Clock } from '@capplan/runtime';
import { type ChainWalk, chainWalkStart, type LineProof, type Verdict, verdictOf, walkLine } from './decide.ts';
import type { AuditLine, AuditLog } from './ports.ts';

export interface Verification {
  /**
   * Walks the whole chain, from its oldest kept line to the newest. Everybody who asks meanwhile shares the walk.
   *
   * @throws CapacityError `unavailable` when the walk takes longer than an answer may: it goes on, and whoever asks again
   * within a minute finds it there
   */
  verify(): Promise<Verdict>;
  /** Ends a walk under way. */
  stop(): void;
}

/** Lines fetched at once, and lines looked at before others get their turn. */
const PAGE = 500;
const TURN = 50;
/** How long a question may wait, ms: askers give up after five seconds. */
const ANSWER_MS = 4000;
/** A walk that nobody has asked for in so long ends, and is not taken up again, ms. */
const INTEREST_MS = 60_000;

interface Walk {
  chain: ChainWalk;
  /** Position of the next line. */
  from: number | undefined;
  total: number;
  isDone: boolean;
  run: Promise<void> | undefined;
}

/**
 * Verifies the chain without standing in the way of those who append to it: one walk at a time, in turns, between which
 * it waits for the appends that have come.
 *
 * @param untilAppended resolves when the appends under way are over
 */
export function createVerification(around: {
  log: AuditLog;
  proofOf: (line: AuditLine | undefined) => LineProof;
  clock: Clock;
  retentionMs: number;
  untilAppended: () => Promise<unknown>;
}): Verification {
  const { log, proofOf, clock, retentionMs } = around;
  let walk: Walk | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;

  const isWanted = (): boolean => clock.nowMs() - askedAtMs <= INTEREST_MS;

  const go = async (mine: Walk): Promise<void> => {
    const { first, last } = await log.bounds();
    mine.from ??= first;
    mine.total = last - first + 1;
    mine.isDone = false;
    const age = { nowMs: clock.nowMs(), retentionMs };
    while (mine.from <= last) {
      const page = await log.read(mine.from, PAGE);
      if (page.length === 0) break;
      for (let i = 0; i < page.length; i += TURN) {
        for (const { line, position } of page.slice(i, i + TURN)) {
          mine.chain = walkLine(mine.chain, line, proofOf(line), age);
          mine.from = position + 1;
        }
        await clock.sleep(1);
        await around.untilAppended();
        if (!isWanted()) return;
      }
    }
    mine.isDone = true;
  };

  return {
    async verify() {
      if (walk !== undefined && walk.run === undefined && !isWanted()) walk = undefined;
      askedAtMs = clock.nowMs();
      walk ??= { chain: chainWalkStart, from: undefined, total: 0, isDone: false, run: undefined };
      const mine = walk;
      mine.run ??= go(mine).finally(() => {
        mine.run = undefined;
      });
      mine.run.catch(() => {
        if (walk === mine) walk = undefined;
      });
      const answered = new AbortController();
      try {
        await Promise.race([mine.run, clock.sleep(ANSWER_MS, answered.signal)]);
      } finally {
        answered.abort();
      }
      if (!mine.isDone) {
        const detail = { records: mine.chain.records, lines: mine.total };
        const soFar = `${detail.records} records so far, of ${detail.lines} lines`;
        const broken = mine.chain.firstBroken === null ? '' : `; record ${mine.chain.firstBroken} is broken`;
        throw new CapacityError('unavailable', `the audit log is being verified, ${soFar}${broken}; ask again`, {
          detail,
        });
      }
      // The next one who asks wants to know how things are then: what was verified may have been changed since.
      if (walk === mine) walk = undefined;
      return verdictOf(mine.chain);
    },
    stop() {
      askedAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}
