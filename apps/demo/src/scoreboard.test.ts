import type { Snapshot } from '@capplan/contracts';
import { expect } from 'chai';
import { demoPool } from './demo-pool.ts';
import { createScoreboard } from './scoreboard.ts';

const startedMs = Date.UTC(2026, 0, 5, 6);
const demo = { ...demoPool({ speed: 1, loadWorkers: 8, nowMs: startedMs }), snapshotIntervalSec: 60 };

/** The window that ends so many minutes after the start. */
const windowAt = (minute: number, trusted = true) =>
  ({
    timestamp: new Date(startedMs + minute * 60_000).toISOString(),
    interval_s: 60,
    arrival_rate: 1,
    current_workers: 9,
    starting_workers: 1,
    backlog: 3,
    quality: { trusted },
  }) as unknown as Snapshot;

describe('createScoreboard', () => {
  const figuresOf = (minutes: number[], nowMinute: number) => {
    const board = createScoreboard(demo, startedMs);
    for (const minute of minutes) board.snapshot(windowAt(minute));
    return board.figures(startedMs + nowMinute * 60_000);
  };

  it('counts the windows that have passed and those that were measured: a lost one is no free one', () => {
    const figures = figuresOf([1, 2, 3, 6, 7, 8, 9, 10], 11);
    expect(figures).to.include({ windows: 10, windowsMeasured: 8, windowsTrusted: 8 });
    expect(figures.workerSec).to.equal(8 * 600);
  });

  it('misses none when all came, however late the newest is', () => {
    expect(figuresOf([1, 2, 3, 4, 5], 6)).to.include({ windows: 5, windowsMeasured: 5 });
    expect(figuresOf([1, 2, 3, 4], 5.9)).to.include({ windows: 4, windowsMeasured: 4 });
    expect(figuresOf([], 0.5)).to.include({ windows: 0, windowsMeasured: 0 });
  });

  it('takes a window once, and none from before the start', () => {
    expect(figuresOf([-1, 0, 1, 1, 2], 3)).to.include({ windows: 2, windowsMeasured: 2, workerSec: 1200 });
  });

  it('says how many were measured in part', () => {
    const board = createScoreboard(demo, startedMs);
    board.snapshot(windowAt(1));
    board.snapshot(windowAt(2, false));
    expect(board.figures(startedMs + 180_000)).to.include({ windowsMeasured: 2, windowsTrusted: 1 });
  });
});
