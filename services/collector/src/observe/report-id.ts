import type { WindowReport, WorkerSeen } from './observation.ts';

/** What makes two reports the same one. */
export function reportId(report: WindowReport): string {
  const { kind, data } = report;
  return `${kind}:${kind === 'arrival' ? data.source : data.worker}:${data.sequence}`;
}

/** The moment that a report belongs to, by its sender's clock, ms since the epoch. */
export function reportTimeMs(report: WindowReport): number {
  return Date.parse(report.kind === 'heartbeat' ? report.data.time : report.data.to);
}

/** A report older than this has lost its moment, ms: a worker's clock has jumped, or nobody needs it any more. */
const AGE_MAX_MS = 3_600_000;

/**
 * When did what a report tells of happen, by our clock?
 *
 * Senders' clocks may be off by any amount. How old a report was when it was sent they know all the same: its moment is
 * counted back from when it was received. What a sender dates into its own future happened when it was received.
 *
 * @param clockAheadMs how far the sender's clock is ahead of the one that received the report
 */
export function happenedAtMs(
  report: WindowReport,
  { receivedAtMs, clockAheadMs }: { receivedAtMs: number; clockAheadMs: number },
): number {
  const ageMs = receivedAtMs + clockAheadMs - reportTimeMs(report);
  return receivedAtMs - Math.min(AGE_MAX_MS, Math.max(0, ageMs));
}

/** A worker as its heartbeat shows it; undefined for other reports. */
export function workerSeen(
  report: WindowReport,
  { receivedAtMs, clockAheadMs }: { receivedAtMs: number; clockAheadMs: number },
): WorkerSeen | undefined {
  if (report.kind !== 'heartbeat') return undefined;
  const { data } = report;
  return {
    worker: data.worker,
    seenAtMs: receivedAtMs,
    clockAheadMs,
    sequence: data.sequence,
    concurrency: data.concurrency,
    busy: data.busy,
    draining: data.draining,
    leaving: data.leaving,
    backlog: data.backlog ?? null,
  };
}
