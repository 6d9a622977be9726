import { type HistoryRow, historyRowsMax, timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import type { Clock } from '@capplan/runtime';
import type { ArrivalTrace } from '@capplan/traces';
import { weeksBefore } from './arrivals.ts';
import { type DemoPool, demoPoolId } from './demo-pool.ts';

/** What lies behind the demo's pool when its day begins. */
export interface BroughtHistory {
  days: number;
  rows: number;
}

const historyDays = 21;
/** How long the forecaster may take to learn from it before the day begins without, real ms. */
const learningMs = 30_000;
const lookEveryMs = 200;
const triesMax = 5;

/**
 * Brings three weeks of the same kind of demand to the demo's pool, through the door that everybody has: the API. They
 * end where the played day begins. Resolves when the forecast has learned from them, or could have.
 */
export async function bringHistory(options: {
  apiUrl: string;
  token: string;
  demo: DemoPool;
  loadWorkers: number;
  seed: number;
  /** Where the played day begins, virtual ms since the epoch. */
  untilMs: number;
  realClock: Clock;
  signal: AbortSignal;
  say(sentence: string): void;
}): Promise<BroughtHistory | undefined> {
  const { demo, loadWorkers, seed, untilMs, realClock, signal, say } = options;
  const rows = rowsOf(weeksBefore({ demo, loadWorkers, seed, untilMs, days: historyDays }), seed);
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${options.apiUrl}/api/v1/capacity${path}`, {
      method,
      headers: { authorization: `Bearer ${options.token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal,
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
    return (await answer.json()) as T;
  };
  try {
    for (let from = 0; from < rows.length; from += historyRowsMax) {
      const batch = { pool: demoPoolId, rows: rows.slice(from, from + historyRowsMax) };
      await again(() => ask('POST', '/metrics/history', batch), realClock, signal);
    }
    const learnedUntilMs = realClock.nowMs() + learningMs;
    while (realClock.nowMs() < learnedUntilMs && !signal.aborted) {
      const forecast = await ask<{ trust: { state: string } }>('GET', `/forecast?pool=${demoPoolId}`).catch(
        () => undefined,
      );
      if (forecast?.trust.state === 'trusted') break;
      await realClock.sleep(lookEveryMs, signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    say(`the weeks before could not be brought along; the day begins without: ${String(error)}`);
    return undefined;
  }
  signal.throwIfAborted();
  say(`${historyDays} days of history were imported through the API: ${rows.length} rows, up to ${timestamp(untilMs)}`);
  return { days: historyDays, rows: rows.length };
}

/** Whole jobs a minute, as the day itself has them: the fraction by chance. */
function rowsOf(trace: ArrivalTrace, seed: number): HistoryRow[] {
  const chance = createRandomStream(`demo-${seed}/before`);
  return Array.from(trace.ratesPerSec, (rate, i) => ({
    timestamp: timestamp(trace.startMs + (i + 1) * trace.intervalSec * 1000),
    interval_s: trace.intervalSec,
    arrived: Math.floor(rate * trace.intervalSec + chance.next()),
  }));
}

/** On a busy machine an answer may be late; the same rows again change nothing. */
async function again<T>(work: () => Promise<T>, realClock: Clock, signal: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries >= triesMax || signal.aborted) throw error;
      await realClock.sleep(tries * lookEveryMs, signal);
    }
  }
}
