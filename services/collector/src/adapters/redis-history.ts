import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { CapacityError, type HistoryPoint } from '@capplan/contracts';
import type { Redis } from 'ioredis';
import { averagePoints } from '../history/average.ts';
import { mergeImported, mergeLive } from '../history/merge-points.ts';
import { packPoints, unpackPoints } from '../history/packed-points.ts';
import type { HistoryStore, ImportOutcome } from '../ports.ts';

/*
 * Keys, under `<prefix>:{<pool>}`:
 *   :now         stream, the points of the hour under way; a point's time is its id, so that none is there twice
 *   :raw:<n>     string, all points of hour n, packed and deflated
 *   :5m:<n>      string, stretches of five minutes of day n
 *   :1h:<n>      string, stretches of an hour of the 30 days n
 *   :import:<id> string, up to which moment an import has come, ms
 * An hour is sealed by the first point of a later one. Sealing twice writes the same. Sealing and imports may meet in
 * one string: each writes only over what it has read.
 */

const HOUR_MS = 3_600_000;
/** How often a string is read again that somebody else has written meanwhile. */
const TRIES_MAX = 20;
const IMPORT_REMEMBERED_SEC = 30 * 86_400;
const HOURS_AT_ONCE = 32;

const swapScript = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`;

interface Rollup {
  name: '5m' | '1h';
  everySec: number;
  /** How much time one string holds. */
  spanMs: number;
}

const fiveMinutes: Rollup = { name: '5m', everySec: 300, spanMs: 24 * HOUR_MS };
const oneHour: Rollup = { name: '1h', everySec: 3600, spanMs: 30 * 24 * HOUR_MS };

/** 90 days of points in Redis, packed by the hour, with two roll-ups for long questions. */
export function createRedisHistory(
  redis: Redis,
  { keepDays, prefix = 'capplan:history' }: { keepDays: number; prefix?: string },
): HistoryStore {
  const root = (pool: string): string => `${prefix}:{${pool}}`;
  const rawKey = (pool: string, hour: number): string => `${root(pool)}:raw:${hour}`;
  const ttlSec = Math.round(keepDays * 86_400);
  /** Hour of the oldest unsealed point as far as this process knows. */
  const openHours = new Map<string, number>();

  const load = async (keys: string[]): Promise<HistoryPoint[]> => {
    if (keys.length === 0) return [];
    return (await redis.mgetBuffer(...keys)).flatMap(pointsIn);
  };

  const unsealed = async (pool: string, from: string, to: string): Promise<HistoryPoint[]> => {
    const entries = (await redis.xrangeBuffer(`${root(pool)}:now`, from, to)) as unknown as [Buffer, Buffer[]][];
    return entries.flatMap(([, fields]) => (fields[1] === undefined ? [] : unpackPoints(fields[1])));
  };

  /** Rewrites one string; it lives for `keepDays` after the end of what it holds. Gives back what it holds then. */
  const rewrite = async (
    key: string,
    livesSec: number,
    edit: (points: HistoryPoint[]) => HistoryPoint[],
  ): Promise<HistoryPoint[]> => {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const before = await redis.getBuffer(key);
      const points = edit(pointsIn(before));
      const bytes = bytesOf(points);
      if (before === null ? points.length === 0 : bytes.equals(before)) return pointsIn(before);
      const swapped = await redis.eval(swapScript, 1, key, before ?? '', bytes, Math.max(60, Math.round(livesSec)));
      if (swapped === 1) return pointsIn(bytes);
    }
    throw new CapacityError('conflict', `${key} is written by many at once`);
  };

  /** Brings the roll-ups of some hours in line with the points of those hours. */
  const rollUp = async (pool: string, hours: ReadonlyMap<number, HistoryPoint[]>, nowMs: number): Promise<void> => {
    for (const rollup of [fiveMinutes, oneHour]) {
      const spans = new Map<number, number[]>();
      for (const hour of hours.keys()) {
        const start = Math.floor((hour * HOUR_MS) / rollup.spanMs) * rollup.spanMs;
        spans.set(start, [...(spans.get(start) ?? []), hour]);
      }
      for (const [start, ofSpan] of spans) {
        const redone = new Set(ofSpan);
        const fresh = ofSpan.flatMap((hour) => averagePoints(hours.get(hour) ?? [], rollup.everySec));
        await rewrite(
          `${root(pool)}:${rollup.name}:${start}`,
          ttlSec + (start + rollup.spanMs - nowMs) / 1000,
          (known) => inOrder([...known.filter((point) => !redone.has(hourBefore(point) / HOUR_MS)), ...fresh]),
        );
      }
    }
  };

  const seal = async (pool: string, beforeHour: number): Promise<void> => {
    const live = byHour(await unsealed(pool, '-', String(beforeHour * HOUR_MS)));
    const nowMs = beforeHour * HOUR_MS;
    const sealed = new Map<number, HistoryPoint[]>();
    for (const [hour, points] of live) {
      const livesSec = ttlSec + ((hour + 1) * HOUR_MS - nowMs) / 1000;
      sealed.set(hour, await rewrite(rawKey(pool, hour), livesSec, (known) => mergeLive(known, points)));
    }
    await rollUp(pool, sealed, nowMs);
    await redis.xtrim(`${root(pool)}:now`, 'MINID', `${beforeHour * HOUR_MS + 1}`);
  };

  const put = async (pool: string, imported: readonly HistoryPoint[], nowMs: number): Promise<ImportOutcome> => {
    const [first, last] = [imported[0], imported.at(-1)];
    if (first === undefined || last === undefined) return { stored: 0, unchanged: 0, measured: 0 };
    const live = await unsealed(pool, '-', '+');
    // A point reaches back an hour at most, so what it may overlap ends in its own hour or a neighbouring one.
    const from = hourBefore(first) / HOUR_MS - 1;
    const hours = Array.from({ length: hourBefore(last) / HOUR_MS + 2 - from }, (_, i) => from + i);
    const before = await load(hours.map((hour) => rawKey(pool, hour)));
    const left = new Set(mergeImported(mergeLive(before, live), imported).measured);
    const taken = imported.filter((point) => !left.has(point));
    const after = new Map<number, HistoryPoint[]>();
    for (let at = 0; at < hours.length; at += HOURS_AT_ONCE) {
      await Promise.all(
        hours.slice(at, at + HOURS_AT_ONCE).map(async (hour) => {
          const livesSec = ttlSec + ((hour + 1) * HOUR_MS - nowMs) / 1000;
          const points = await rewrite(rawKey(pool, hour), livesSec, (known) =>
            mergeImported(known, taken).points.filter((point) => hourBefore(point) === hour * HOUR_MS),
          );
          if (points.length > 0) after.set(hour, points);
        }),
      );
    }
    await rollUp(pool, after, nowMs);
    const was = new Map(before.map((point) => [point.timestamp, JSON.stringify(point)]));
    const is = new Map([...after.values()].flat().map((point) => [point.timestamp, JSON.stringify(point)]));
    const unchanged = taken.filter(({ timestamp }) => was.get(timestamp) === is.get(timestamp)).length;
    return { stored: taken.length - unchanged, unchanged, measured: left.size };
  };

  return {
    append: async (pool, point) => {
      const hour = hourBefore(point) / HOUR_MS;
      const open = openHours.get(pool);
      // A new process does not know what it finds; sealing what is over is harmless when nothing is.
      if (open === undefined || open < hour) await seal(pool, hour);
      openHours.set(pool, Math.max(hour, open ?? hour));
      try {
        const timeMs = Date.parse(point.timestamp);
        await redis.xadd(`${root(pool)}:now`, `${timeMs}-1`, 'p', Buffer.from(packPoints([point])));
        await redis.expire(`${root(pool)}:now`, ttlSec);
      } catch (error) {
        // The stream has this point or a later one: it was added before.
        if (!/equal or smaller/.test(String(error))) throw error;
      }
    },
    read: async (pool, { fromMs, toMs, everySec }) => {
      const rollup = everySec < 300 ? undefined : everySec < 3600 ? fiveMinutes : oneHour;
      const span = rollup?.spanMs ?? HOUR_MS;
      const keys: string[] = [];
      // Older than what is kept cannot be there: no question makes more keys than that.
      const oldestMs = Math.max(fromMs, toMs - (keepDays + 1) * 24 * HOUR_MS);
      for (let at = Math.floor((oldestMs - 1) / span) * span; at < toMs; at += span) {
        keys.push(rollup === undefined ? rawKey(pool, at / HOUR_MS) : `${root(pool)}:${rollup.name}:${at}`);
      }
      // A point reaches back an hour at most: what it may overlap belongs to its own hour or a neighbouring one.
      const firstMs = (Math.floor((oldestMs - 1) / HOUR_MS) - 1) * HOUR_MS + 1;
      const lastMs = (Math.ceil(toMs / HOUR_MS) + 1) * HOUR_MS;
      const live = await unsealed(pool, String(Math.max(0, firstMs)), String(lastMs));
      let known = await load(keys);
      if (rollup === undefined) known = mergeLive(known, live);
      else if (live.length > 0) {
        // Of an hour under way the roll-ups know what was imported only.
        const open = [...byHour(live).keys()];
        const points = mergeLive(await load(open.map((hour) => rawKey(pool, hour))), live);
        const stretches = new Map(known.map((point) => [point.timestamp, point]));
        for (const point of averagePoints(points, rollup.everySec)) stretches.set(point.timestamp, point);
        known = inOrder([...stretches.values()]);
      }
      return known.filter((point) => Date.parse(point.timestamp) >= fromMs && Date.parse(point.timestamp) <= toMs);
    },
    import: async (pool, imported, { nowMs, importId, untilMs }) => {
      const outcome = await put(pool, imported, nowMs);
      if (importId !== undefined && untilMs !== undefined) {
        await redis.set(`${root(pool)}:import:${importId}`, untilMs, 'EX', IMPORT_REMEMBERED_SEC);
      }
      return outcome;
    },
    importedUntilMs: async (pool, importId) => {
      const known = await redis.get(`${root(pool)}:import:${importId}`);
      return known === null ? undefined : Number(known);
    },
  };
}

/** Start of the hour that a point belongs to, ms; its time is the end of what it tells of. */
function hourBefore(point: HistoryPoint): number {
  const timeMs = Date.parse(point.timestamp);
  return Math.floor((timeMs - 1) / HOUR_MS) * HOUR_MS;
}

function byHour(points: readonly HistoryPoint[]): Map<number, HistoryPoint[]> {
  const hours = new Map<number, HistoryPoint[]>();
  for (const point of points) {
    const hour = hourBefore(point) / HOUR_MS;
    const known = hours.get(hour);
    if (known === undefined) hours.set(hour, [point]);
    else known.push(point);
  }
  return hours;
}

function inOrder(points: HistoryPoint[]): HistoryPoint[] {
  return points.sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
}

function pointsIn(bytes: Buffer | null): HistoryPoint[] {
  return bytes === null ? [] : unpackPoints(inflateRawSync(bytes));
}

function bytesOf(points: readonly HistoryPoint[]): Buffer {
  return deflateRawSync(packPoints(points), { level: 9 });
}
