import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { observeWindow } from '../decide.ts';
import type { Observation } from './observation.ts';
import { judgeRetries } from './retries-out.ts';
import { heartbeats, jobReport, sampleInput, sampleWorkers, settings, window } from './samples.test-data.ts';

describe('judgeRetries', () => {
  const usual = { jobs: 150, expectedJobs: 150, isReported: false, retried: 0, attempts: 150 };
  const none = { outJobs: 0, windows: 0 };

  for (const [what, balance, before, jobs, outJobs, suspects] of [
    ['nothing is retried', {}, none, 150, 0, 0],
    ['nothing is known yet', { expectedJobs: null, jobs: 3 }, none, 3, 0, 0],
    ['demand falls, and nothing is retried', { jobs: 0, attempts: 0 }, none, 0, 0, 0],
    ['demand falls by less than noise, with retries', { jobs: 120, retried: 60, attempts: 180 }, none, 120, 0, 0],
    ['retries come back at once: arrivals do not fall', { retried: 150, attempts: 300 }, none, 150, 0, 0],
    ['all attempts are to be retried, and nothing arrives', { jobs: 0, retried: 150 }, none, 150, 150, 1],
    ['the same where whoever enqueues reports', { jobs: 0, retried: 150, isReported: true }, none, 150, 150, 0],
    ['few retries explain no fall', { jobs: 0, retried: 40, attempts: 150 }, none, 0, 0, 0],
    ['what waited comes back', { jobs: 650 }, { outJobs: 1000, windows: 0 }, 150, 482.8, 1],
    ['an ordinary excess while jobs wait', { jobs: 180 }, { outJobs: 1000, windows: 0 }, 180, 982.8, 0],
    ['a rush beyond what waited', { jobs: 650 }, { outJobs: 100, windows: 0 }, 551.7, 0, 1],
    ['hidden for over half an hour', { jobs: 0, retried: 150 }, { outJobs: 9, windows: 120 }, 0, 9, 0],
  ] as const) {
    it(`${what}`, () => {
      const judged = judgeRetries({ ...usual, ...balance }, before, settings);
      expect(judged.jobs).to.be.closeTo(jobs, 0.1);
      expect(judged.outJobs).to.be.closeTo(outJobs, 0.1);
      expect(judged.suspects).to.have.length(suspects);
    });
  }
});

/**
 * Jobs of one second on 40 slots; between two moments every attempt fails at once and is tried again after half a minute
 * to a minute, where neither the queue nor a worker shows it. Steps of a second.
 */
function liveThrough(options: {
  ratePerSec: number;
  downFromSec: number;
  downToSec: number;
  untilSec: number;
}): Observation[] {
  const random = createRandomStream(7);
  const workers = sampleWorkers(20);
  const waitingUntil: number[] = [];
  const seen: Observation[] = [];
  let queued = 0;
  let busy = 0;
  let completed = 0;
  let failed = 0;
  for (let sec = 1; sec <= options.untilSec; sec++) {
    const isDown = sec > options.downFromSec && sec <= options.downToSec;
    if (isDown) {
      failed += busy;
      for (let i = 0; i < busy; i++) waitingUntil.push(sec + 30 + 30 * random.next());
    } else completed += busy;
    // Of hundred chances in a second: close to Poisson.
    for (let i = 0; i < 100; i++) if (random.next() < options.ratePerSec / 100) queued += 1;
    for (let i = waitingUntil.length - 1; i >= 0; i--) {
      if ((waitingUntil[i] as number) > sec) continue;
      waitingUntil.splice(i, 1);
      queued += 1;
    }
    busy = Math.min(queued, 40);
    queued -= busy;
    if (sec % settings.intervalSec !== 0) continue;
    const share = busy / workers.length;
    const reporting = workers.map((worker, i) => ({
      ...worker,
      busy: Math.floor(share) + (i < busy % 20 ? 1 : 0),
      concurrency: 2,
      seenAtMs: (window + seen.length) * 15_000 - 2000,
    }));
    const reports = [
      ...Array.from({ length: 20 }, (_, i) => {
        const part = (count: number) => Math.floor(count / 20) + (i < count % 20 ? 1 : 0);
        const counts = { completed: part(completed), failed: part(failed), retried: part(failed) };
        return jobReport({ worker: `w${i}`, ...counts, serviceSec: 1 });
      }),
      ...heartbeats(reporting),
    ];
    seen.push(
      observeWindow(
        {
          ...sampleInput({ depth: { ok: true, jobs: queued, asOfMs: Number.POSITIVE_INFINITY } }),
          window: window + seen.length,
          closed: { reports, workers: reporting, previous: seen.at(-1), knownSinceMs: 1 },
        },
        settings,
      ),
    );
    completed = 0;
    failed = 0;
  }
  return seen;
}

describe('a dependency that is down for ten minutes, with delayed retries', () => {
  for (const ratePerSec of [10, 20, 30]) {
    it(`never makes ${ratePerSec} jobs a second look like another demand that is trusted`, () => {
      const seen = liveThrough({ ratePerSec, downFromSec: 900, downToSec: 1500, untilSec: 3600 });
      const wrong = seen.slice(2).filter(({ snapshot }) => {
        const { arrival_rate, quality } = snapshot;
        return quality.trusted && Math.abs(arrival_rate - ratePerSec) > 0.5 * ratePerSec;
      });
      expect(wrong.map(({ snapshot }) => snapshot.arrival_rate)).to.deep.equal([]);
      const during = seen.slice(60, 105).map(({ snapshot }) => snapshot.arrival_rate);
      expect(Math.min(...during)).to.be.greaterThan(0.5 * ratePerSec);
      expect(Math.max(...during)).to.be.lessThan(1.5 * ratePerSec);
      expect(seen[61]?.snapshot.quality.trusted).to.equal(false);
      // Half an hour after, all is as it was.
      const after = seen.slice(-20).map(({ snapshot }) => snapshot);
      expect(after.every(({ quality }) => quality.trusted)).to.equal(true);
    });
  }
});
