import type { WindowReport } from './observation.ts';
import { reportTimeMs } from './report-id.ts';

/** Workers remembered; the one known for longest is forgotten first. */
const WORKERS_MAX = 50_000;

export interface SenderClocks {
  /** How far the sender's clock is ahead of ours, ms; negative when behind. Learns from heartbeats. */
  aheadMs(report: WindowReport, times: { receivedAtMs: number; sentAtMs: number }): number;
}

/**
 * How far off are the clocks of those who report?
 *
 * A heartbeat is sent when it is made and never again, so its time against when it was received is the clock of its
 * worker. Job reports may be owed for long before they are sent: they are judged by the worker's newest heartbeat, and
 * where there is none, or for arrivals, by the time of their sending.
 */
export function createSenderClocks(): SenderClocks {
  const known = new Map<string, number>();
  return {
    aheadMs: (report, { receivedAtMs, sentAtMs }) => {
      if (report.kind === 'arrival') return sentAtMs - receivedAtMs;
      const worker = `${report.data.pool} ${report.data.worker}`;
      if (report.kind === 'job') return known.get(worker) ?? sentAtMs - receivedAtMs;
      const aheadMs = reportTimeMs(report) - receivedAtMs;
      known.delete(worker);
      known.set(worker, aheadMs);
      if (known.size > WORKERS_MAX) known.delete(known.keys().next().value as string);
      return aheadMs;
    },
  };
}
