import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { HistoryPoint } from '@capplan/contracts';
import type { Redis } from 'ioredis';
import { averagePoints } from '../history/average.ts';
import { packPoints, unpackPoints } from '../history/packed-points.ts';
import type { HistoryStore } from '../ports.ts';

/*
 * Keys, under `<prefix>:{<pool>}`:
 *   :now         stream, the points of the hour under way; a point's time is its id, so that none is there twice
 *   :raw:<n>     string, all points of hour n, packed and deflated
 *   :5m:<n>      string, stretches of five minutes of day n
 *   :1h:<n>      string, stretches of an hour of the 30 days n
 * An hour is sealed by the first point of a later one. Sealing twice writes the same.
 */

const HOUR_MS = 3_600_000;

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
  const ttlSec = Math.round(keepDays * 86_400);
  /** Hour of the oldest unsealed point as far as this process knows. */
  const openHours = new Map<string, number>();

  const load = async (keys: string[]): Promise<HistoryPoint[]> => {
    if (keys.length === 0) return [];
    const blobs = await redis.mgetBuffer(...keys);
    return blobs.flatMap((blob) => (blob === null ? [] : unpackPoints(inflateRawSync(blob))));
  };
  const store = (key: string, points: readonly HistoryPoint[], moreSec: number): Promise<unknown> =>
    redis.set(key, deflateRawSync(packPoints(points), { level: 9 }), 'EX', ttlSec + moreSec);

  const unsealed = async (pool: string, from: string, to: string): Promise<HistoryPoint[]> => {
    const entries = (await redis.xrangeBuffer(`${root(pool)}:now`, from, to)) as unknown as [Buffer, Buffer[]][];
    return entries.flatMap(([, fields]) => (fields[1] === undefined ? [] : unpackPoints(fields[1])));
  };

  const merge = async (pool: string, rollup: Rollup, hourPoints: readonly HistoryPoint[]): Promise<void> => {
    const fresh = averagePoints(hourPoints, rollup.everySec);
    const first = fresh[0];
    if (first === undefined) return;
    // Times stand at the end of a stretch: the last one of a day belongs to that day.
    const key = `${root(pool)}:${rollup.name}:${hourBefore(first) - (hourBefore(first) % rollup.spanMs)}`;
    const known = new Map((await load([key])).map((point) => [point.timestamp, point]));
    for (const point of fresh) known.set(point.timestamp, point);
    const points = [...known.values()].sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
    await store(key, points, rollup.spanMs / 1000);
  };

  const seal = async (pool: string, beforeHour: number): Promise<void> => {
    const points = await unsealed(pool, '-', String(beforeHour * HOUR_MS));
    const hours = new Map<number, HistoryPoint[]>();
    for (const point of points) {
      const hour = hourBefore(point) / HOUR_MS;
      hours.set(hour, [...(hours.get(hour) ?? []), point]);
    }
    for (const [hour, hourPoints] of hours) {
      await store(`${root(pool)}:raw:${hour}`, hourPoints, 0);
      await merge(pool, fiveMinutes, hourPoints);
      await merge(pool, oneHour, hourPoints);
    }
    await redis.xtrim(`${root(pool)}:now`, 'MINID', `${beforeHour * HOUR_MS + 1}`);
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
        keys.push(rollup === undefined ? `${root(pool)}:raw:${at / HOUR_MS}` : `${root(pool)}:${rollup.name}:${at}`);
      }
      const sealed = await load(keys);
      const recent = await unsealed(pool, '-', '+');
      const known = new Map(sealed.map((point) => [point.timestamp, point]));
      for (const point of rollup === undefined ? recent : averagePoints(recent, rollup.everySec)) {
        known.set(point.timestamp, point);
      }
      return [...known.values()]
        .filter((point) => Date.parse(point.timestamp) >= fromMs && Date.parse(point.timestamp) <= toMs)
        .sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
    },
  };
}

/** Start of the hour that a point belongs to, ms; its time is the end of what it tells of. */
function hourBefore(point: HistoryPoint): number {
  const timeMs = Date.parse(point.timestamp);
  return Math.floor((timeMs - 1) / HOUR_MS) * HOUR_MS;
}
