// node scripts/bench.mjs history [--days N]
// A file of rows of 15 seconds into the form in which history is kept: rows a second for each part, and the ratio to
// merely reading the file. Then how sure of the day after a forecaster is that has learned from rows of some length.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { type HistoryPoint, type HistoryRow, timestamp } from '@capplan/contracts';
import { createLeadForecaster, type LeadState, leadPaths, observeLead, spreadCounts } from '@capplan/forecasting';
import { createRandomStream } from '@capplan/random';
import { formatTrace, generateTrace, parseTrace, resample } from '@capplan/traces';

const { values } = parseArgs({ options: { days: { type: 'string', default: '60' } } });
const startMs = Date.UTC(2026, 0, 5);
// The collector packs; its parts are no library, so they are taken from its room by their place.
const collector = new URL('../services/collector/src/history/', import.meta.url).href;
const { importedPoints } = (await import(`${collector}imported-points.ts`)) as {
  importedPoints(
    rows: readonly HistoryRow[],
    options: { nowMs: number; keptFromMs: number },
  ): { ok: true; points: HistoryPoint[] } | { ok: false; problems: string[] };
};
const { packPoints } = (await import(`${collector}packed-points.ts`)) as {
  packPoints(points: readonly HistoryPoint[]): Uint8Array;
};

pack(Number(values.days));
process.stdout.write(
  '\nshare of the minutes of the next day inside 95 % of the paths, and mean error over mean demand\n',
);
for (const rowSec of [60, 300, 3600]) sure(rowSec);

function pack(days: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'capplan-bench-'));
  const file = join(folder, 'history.csv');
  writeFileSync(file, formatTrace(generateTrace({ seed: 'bench', days, intervalSec: 15, startMs, spike: null })));
  try {
    const readSec = best(() => readFileSync(file, 'utf8').split('\n').length);
    const text = readFileSync(file, 'utf8');
    const parsed = parseTrace(text, { name: 'bench' });
    if (!parsed.ok) throw new Error(parsed.problems[0]?.reason);
    const { trace } = parsed;
    const parseSec = best(() => parseTrace(text, { name: 'bench' }));
    const rows: HistoryRow[] = Array.from(trace.ratesPerSec, (rate, i) => ({
      timestamp: timestamp(startMs + (i + 1) * 15_000),
      interval_s: 15,
      arrival_rate: rate,
    }));
    const nowMs = startMs + (days + 1) * 86_400_000;
    const checked = importedPoints(rows, { nowMs, keptFromMs: 0 });
    if (!checked.ok) throw new Error(checked.problems[0]);
    const checkSec = best(() => importedPoints(rows, { nowMs, keptFromMs: 0 }));
    const hours = Array.from({ length: days * 24 }, (_, hour) => checked.points.slice(hour * 240, (hour + 1) * 240));
    let bytes = 0;
    const packSec = best(() => {
      bytes = 0;
      for (const hour of hours) bytes += deflateRawSync(packPoints(hour), { level: 9 }).length;
    });
    const said = (what: string, sec: number): string =>
      `${what.padEnd(28)} ${Math.round(rows.length / sec)
        .toLocaleString('en')
        .padStart(12)} rows/s  ${(sec / readSec).toFixed(1).padStart(6)} × reading\n`;
    process.stdout.write(
      `${rows.length.toLocaleString('en')} rows, ${(bytes / rows.length).toFixed(2)} bytes a row packed\n`,
    );
    process.stdout.write(said('reading lines', readSec));
    process.stdout.write(said('parsing', parseSec));
    process.stdout.write(said('checking', checkSec));
    process.stdout.write(said('packing by the hour', packSec));
    process.stdout.write(said('parsing, checking, packing', parseSec + checkSec + packSec));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Seconds of the processor that a piece of work takes, the best of three: others may use the machine as well. */
function best(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const begun = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begun);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

/** Three weeks in rows of some length, as they are and spread over their minutes; then the next day, minute by minute. */
function sure(rowSec: number): void {
  const trace = generateTrace({
    seed: 'sure',
    days: 22,
    intervalSec: 60,
    startMs,
    meanRatePerSec: 3,
    wander: 0.05,
    spike: null,
  });
  const coarse = resample(trace, rowSec).ratesPerSec;
  const parts = rowSec / 60;
  const rows = (21 * 1440) / parts;
  const found = [false, true].map((isSpread) => {
    const lead = createLeadForecaster({ leadSec: 420 });
    for (let row = 0; row < rows; row++) {
      const ratePerSec = coarse[row] as number;
      const random = createRandomStream(`bench/${row}`);
      const around = { beforePerSec: coarse[row - 1] ?? Number.NaN, afterPerSec: coarse[row + 1] ?? Number.NaN };
      const rates = isSpread
        ? spreadCounts({ ratePerSec, intervalSec: rowSec, ...around }, parts, random)
        : new Float64Array(parts).fill(ratePerSec);
      for (const [part, rate] of rates.entries()) minute(lead, row * parts + part, rate);
    }
    return nextDay(lead, trace.ratesPerSec);
  });
  const [flat, spread] = found as [Sureness, Sureness];
  const text = ({ coverage, error }: Sureness): string => `${(100 * coverage).toFixed(1)} %, ${error.toFixed(4)}`;
  process.stdout.write(
    `rows of ${String(rowSec).padStart(4)} s   as they are ${text(flat)}   spread ${text(spread)}\n`,
  );
}

interface Sureness {
  coverage: number;
  error: number;
}

function minute(lead: LeadState, at: number, rate: number): void {
  observeLead(lead, { timeMs: startMs + (at + 1) * 60_000, arrivalRatePerSec: rate, intervalSec: 60 });
}

function nextDay(lead: LeadState, rates: Float64Array): Sureness {
  let [inside, error, demand, seen] = [0, 0, 0, 0];
  for (let at = 21 * 1440; at < 22 * 1440 - 3; at++) {
    const paths = leadPaths(lead, { stepSec: 60, steps: 3, paths: 64 });
    const ahead = (paths?.ratesPerSec ?? []).map((path) => path[2] as number).sort((a, b) => a - b);
    const actual = rates[at + 2] as number;
    if (actual >= (ahead[1] as number) && actual <= (ahead[62] as number)) inside += 1;
    error += Math.abs(actual - (paths?.meanRatesPerSec[2] ?? 0));
    demand += actual;
    seen += 1;
    minute(lead, at, rates[at] as number);
  }
  return { coverage: inside / seen, error: error / demand };
}
