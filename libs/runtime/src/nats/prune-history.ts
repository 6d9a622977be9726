import type { Log } from '../ports/service.ts';
import type { NatsLink } from './nats-link.ts';

export interface HistoryPruning {
  /** A relay is done with this revision of a key. */
  relayed(subject: string, revision: number): void;
  /** Resolves when what is under way is over. */
  settled(): Promise<void>;
}

/**
 * Removes the older revisions of a key once every relay of the bucket is past them: a bucket keeps many of each so that
 * a relay may lag, and without a lag they are of no use to anybody. The newest revision always stays. What is not
 * removed, because the process or the connection ended, is removed with the next write of the key that is relayed, or
 * that finds no room.
 */
export function pruneHistory(link: NatsLink, log: Log, stream: string): HistoryPruning {
  const waiting = new Map<string, number>();
  let underWay: Promise<void> | undefined;

  /** The last revision that every durable consumer has acknowledged. */
  const floor = async (): Promise<number> => {
    let least = Number.POSITIVE_INFINITY;
    for await (const { config, ack_floor: acknowledged } of link.manager.consumers.list(stream)) {
      if (config.durable_name !== undefined) least = Math.min(least, acknowledged.stream_seq);
    }
    return least;
  };
  const pruneAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting];
      waiting.clear();
      try {
        const firstUnrelayed = (await floor()) + 1;
        for (const [subject, revision] of batch) {
          const firstKept = Math.min(revision, firstUnrelayed);
          // The server takes "before 1" for "all".
          if (firstKept > 1) await link.manager.streams.purge(stream, { filter: subject, seq: firstKept });
        }
      } catch (error) {
        log.debug({ stream, error }, 'Older revisions of records could not be removed; the next write removes them');
      }
    }
    underWay = undefined;
  };

  return {
    relayed: (subject, revision) => {
      waiting.set(subject, revision);
      underWay ??= pruneAll();
    },
    settled: async () => {
      await underWay;
    },
  };
}
