import { leadMemoryDays } from '@capplan/deciding';

/** One question about the past. */
export interface HistoryPage {
  fromMs: number;
  toMs: number;
  everySec: number;
  /** Too far back for the lead forecaster to remember. */
  onlyLong: boolean;
}

const DAY_MS = 86_400_000;
/** Answers stay well below what a message may hold. */
const POINTS_PER_PAGE = 800;

/** The past that a model learns from, oldest first, each part as finely as it matters. */
const stretches = [
  { untilDaysAgo: leadMemoryDays, everySec: 900, onlyLong: true },
  { untilDaysAgo: 1, everySec: 300, onlyLong: false },
  { untilDaysAgo: 0, everySec: 60, onlyLong: false },
  // What has begun of the newest minute, as it was measured.
  { untilDaysAgo: 0, everySec: 1, onlyLong: false },
];
const DAYS_MAX = 63;

/**
 * Which questions to ask so that a model that knows everything up to `sinceMs` knows everything up to now?
 *
 * Parts end at whole stretches: half of one, averaged, would pass for the whole.
 *
 * @param sinceMs 0 for a model that knows nothing
 * @returns in the order in which their answers have to be learned; empty when nothing is missing
 */
export function historyPages({ sinceMs, nowMs }: { sinceMs: number; nowMs: number }): HistoryPage[] {
  const pages: HistoryPage[] = [];
  let fromMs = Math.max(sinceMs, nowMs - DAYS_MAX * DAY_MS);
  for (const { untilDaysAgo, everySec, onlyLong } of stretches) {
    const everyMs = everySec * 1000;
    const endMs = Math.floor((nowMs - untilDaysAgo * DAY_MS) / everyMs) * everyMs;
    while (fromMs < endMs) {
      const toMs = Math.min(endMs, (Math.floor(fromMs / everyMs) + POINTS_PER_PAGE) * everyMs);
      pages.push({ fromMs, toMs, everySec, onlyLong });
      fromMs = toMs;
    }
  }
  return pages;
}
