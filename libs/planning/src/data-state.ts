import type { DecisionInput } from './decision-input.ts';
import { contradictionOf } from './plausibility.ts';

/** How far the newest measurement can be relied on. */
export interface DataState {
  state: 'good' | 'missing' | 'stale' | 'suspect';
  ageSec: number;
  detail: string;
}

/**
 * Judges the newest measurement. Each state leans to the safe side: capacity may grow, it does not shrink.
 *
 * - missing: there has never been one.
 * - stale: older than three intervals and 90 seconds.
 * - suspect: the collector does not trust a source, or the values contradict themselves.
 */
export function judgeData(input: DecisionInput): DataState {
  const { snapshot, nowMs } = input;
  if (snapshot === undefined) {
    return { state: 'missing', ageSec: Number.POSITIVE_INFINITY, detail: 'no measurement has ever come' };
  }
  const ageSec = Math.max(0, input.dataAgeSec ?? (nowMs - Date.parse(snapshot.timestamp)) / 1000);
  const limitSec = Math.max(90, 3 * snapshot.interval_s);
  if (ageSec > limitSec) {
    return {
      state: 'stale',
      ageSec,
      detail: `the newest measurement is ${Math.round(ageSec)} s old, limit ${limitSec} s`,
    };
  }
  const contradiction = contradictionOf(snapshot);
  if (contradiction !== undefined) return { state: 'suspect', ageSec, detail: contradiction };
  if (!snapshot.quality.trusted) {
    const reasons = snapshot.quality.suspects.map((suspect) => `${suspect.source}: ${suspect.reason}`);
    return { state: 'suspect', ageSec, detail: reasons.join(', ') || 'a source is not trusted' };
  }
  return { state: 'good', ageSec, detail: '' };
}
