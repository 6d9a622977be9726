import type { WindowReport, WorkerSeen } from './observation.ts';

/** What makes two reports the same one. */
export function reportId(report: WindowReport): string {
  const { kind, data } = report;
  return `${kind}:${kind === 'arrival' ? data.source : data.worker}:${data.sequence}`;
}

/** The moment that a report tells of, by its sender's clock, ms since the epoch. */
export function reportTimeMs(report: WindowReport): number {
  return Date.parse(report.kind === 'heartbeat' ? report.data.time : report.data.to);
}

/** A worker as its heartbeat shows it; undefined for other reports. */
export function workerSeen(report: WindowReport): WorkerSeen | undefined {
  if (report.kind !== 'heartbeat') return undefined;
  const { data } = report;
  return {
    worker: data.worker,
    seenAtMs: Date.parse(data.time),
    sequence: data.sequence,
    concurrency: data.concurrency,
    busy: data.busy,
    draining: data.draining,
    leaving: data.leaving,
    backlog: data.backlog ?? null,
  };
}
