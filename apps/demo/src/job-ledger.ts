import { createSketch } from '@capplan/sketch';
import type { FinishedJob } from './job-queue.ts';
import type { JudgedMinute } from './judge-run.ts';

/** What became of the jobs of a run, from the jobs themselves. Times virtual, ms since the epoch. */
export interface JobLedger {
  submitted(job: { number: number; enqueuedMs: number }): void;
  /** A job that finished; a repeat, or a job of an earlier run, changes nothing. */
  finished(job: FinishedJob): void;
  /** How things stand at a moment. */
  standing(nowMs: number): LedgerStanding;
}

export interface LedgerStanding {
  /** By the minute in which jobs were put in, from the run's begin; only minutes of which every job is decided. */
  minutes: JudgedMinute[];
  /** Put in and not finished, as far as was heard. */
  unfinished: number;
  /** Of those, the jobs that are late already. */
  unfinishedLate: number;
  /** 95 % quantile over all decided jobs, seconds; those still unfinished count with their age. Null before there are any. */
  responseSecP95: number | null;
}

const minuteMs = 60_000;

/**
 * Books every job from when it is put in until it is finished.
 *
 * A job is late when its response (or its wait, if that is the objective) took longer than the target, or when it is
 * still unfinished after that time. So everything that was put in more than the target ago is decided, and nothing else.
 */
export function createJobLedger(options: {
  startedMs: number;
  targetSec: number;
  latencyOf: 'response' | 'wait';
}): JobLedger {
  const { startedMs, targetSec, latencyOf } = options;
  const targetMs = targetSec * 1000;
  const arrivals: number[] = [];
  const within: number[] = [];
  const open = new Map<number, number>();
  const responses = createSketch();
  const minuteOf = (atMs: number) => Math.floor((atMs - startedMs) / minuteMs);

  return {
    submitted: ({ number, enqueuedMs }) => {
      const minute = minuteOf(enqueuedMs);
      if (minute < 0) return;
      arrivals[minute] = (arrivals[minute] ?? 0) + 1;
      open.set(number, enqueuedMs);
    },
    finished: ({ number, startedMs: begunMs, finishedMs }) => {
      const enqueuedMs = open.get(number);
      if (enqueuedMs === undefined) return;
      open.delete(number);
      // Clocks of processes differ by a little.
      const latencyMs = Math.max(0, (latencyOf === 'wait' ? begunMs : finishedMs) - enqueuedMs);
      responses.add(Math.max(0, finishedMs - enqueuedMs) / 1000);
      const minute = minuteOf(enqueuedMs);
      if (latencyMs <= targetMs) within[minute] = (within[minute] ?? 0) + 1;
    },
    standing: (nowMs) => {
      const decided = decidedMinutes({ startedMs, targetSec, nowMs });
      const ages = [...open.values()]
        .filter((enqueuedMs) => enqueuedMs <= nowMs)
        .map((enqueuedMs) => nowMs - enqueuedMs);
      const late = ages.filter((ageMs) => ageMs > targetMs);
      const all = late.length > 0 ? responses.clone() : responses;
      for (const ageMs of late) all.add(ageMs / 1000);
      return {
        minutes: Array.from({ length: decided }, (_, minute) => ({
          arrivals: arrivals[minute] ?? 0,
          withinTarget: within[minute] ?? 0,
        })),
        unfinished: ages.length,
        unfinishedLate: late.length,
        responseSecP95: all.count > 0 ? all.quantile(0.95) : null,
      };
    },
  };
}

/** How many minutes of a run are over and decided: every job of them is finished within the target, or late. */
export function decidedMinutes(run: { startedMs: number; targetSec: number; nowMs: number }): number {
  return Math.max(0, Math.floor((run.nowMs - run.targetSec * 1000 - run.startedMs) / minuteMs));
}
