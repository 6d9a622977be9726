import type { IngestData, IngestKind } from '@capplan/contracts';

/** One report on its way: the same `key` and `cause` are the same message, however often it is sent. */
export interface Report<K extends IngestKind = IngestKind> {
  key: string;
  cause: string;
  data: IngestData<K>;
}

/** How reports leave the worker. Real ones: NATS, the service bus of this process, Node IPC to a parent. */
export interface WorkerTransport {
  /** Resolves when the report is stored; throws when that is not known to have happened. */
  send<K extends IngestKind>(kind: K, report: Report<K>): Promise<void>;
  close(): Promise<void>;
}
