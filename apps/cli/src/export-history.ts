import { type HistoryPoint, type ReplyData, timestamp } from '@capplan/contracts';
import type { ArrivalTrace } from '@capplan/traces';
import type { GatewayClient } from './gateway-client.ts';

type Reply = ReplyData<'load.history'>;

/** Points asked for at once: they fit into one answer. */
const pointsAtOnce = 800;
const leastEverySec = 60;
const hourMs = 3_600_000;

/**
 * What was asked of a pool between two moments, from its history; what was not measured, or not trusted, is NaN.
 *
 * @param options.everySec length of the intervals; default: as it was mostly measured or imported, at least a minute
 * @returns undefined when there is no history between them
 */
export async function exportHistory(
  client: GatewayClient,
  { pool, fromMs, toMs, everySec }: { pool: string; fromMs: number; toMs: number; everySec?: number | undefined },
  { signal }: { signal?: AbortSignal } = {},
): Promise<ArrivalTrace | undefined> {
  const ask = async (range: { fromMs: number; toMs: number }, every: number): Promise<HistoryPoint[]> => {
    const points: HistoryPoint[] = [];
    let cursor: string | undefined;
    do {
      const { fromMs: from, toMs: to } = range;
      const asked = { pool, from: timestamp(from), to: timestamp(to), every: `${every}s` };
      const reply = await client.get<Reply>('/metrics/history', { ...asked, ...(cursor !== undefined && { cursor }) });
      points.push(...reply.points);
      cursor = reply.next_cursor;
    } while (cursor !== undefined && signal?.aborted !== true);
    return points;
  };

  // Hours that hold anything at all: of a long time most may be empty.
  const hours = (await ask({ fromMs, toMs: toMs + hourMs }, 3600)).map((point) => Date.parse(point.timestamp));
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const every = everySec ?? usualSec(await ask({ fromMs: first - hourMs + 1, toMs: first }, 1));
  const everyMs = every * 1000;
  const startMs = Math.floor(Math.max(fromMs, first - hourMs) / everyMs) * everyMs;
  const length = Math.ceil((Math.min(toMs, last) - startMs) / everyMs);
  const ratesPerSec = new Float64Array(Math.max(0, length)).fill(Number.NaN);
  const spanMs = pointsAtOnce * everyMs;
  for (let at = startMs; at < startMs + length * everyMs && signal?.aborted !== true; at += spanMs) {
    const untilMs = Math.min(toMs, at + spanMs);
    if (untilMs <= at + 1 || !hours.some((hour) => hour > at && hour - hourMs < untilMs)) continue;
    for (const point of await ask({ fromMs: at + 1, toMs: untilMs }, every)) {
      if ((point.trusted_share ?? 1) < 0.5) continue;
      const end = Math.round((Date.parse(point.timestamp) - startMs) / everyMs);
      // A row that was imported for a longer time than the intervals asked for holds throughout.
      const begin = end - Math.max(1, Math.round(point.interval_s / every));
      for (let i = Math.max(0, begin); i < Math.min(length, end); i++) ratesPerSec[i] = point.arrival_rate;
    }
  }
  return { name: pool, startMs, intervalSec: every, ratesPerSec };
}

/** The middle one of the lengths that points have. */
function usualSec(points: readonly HistoryPoint[]): number {
  const lengths = points.map((point) => Math.round(point.interval_s)).sort((a, b) => a - b);
  return Math.min(3600, Math.max(leastEverySec, lengths[lengths.length >> 1] ?? leastEverySec));
}
