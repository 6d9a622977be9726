import { timestamp } from '@capplan/contracts';
import type { Clock, Ticker } from '@capplan/runtime';
import type { Report, WorkerTransport } from './transport.ts';

export interface ArrivalReporterOptions {
  transport: WorkerTransport;
  /** Pool id, `<namespace>/<name>`. */
  pool: string;
  /** Unique among those who put jobs into this pool's queue at the same time. */
  source: string;
  clock: Clock;
  /** Time between two reports. Default 5,000 ms. */
  intervalMs?: number;
  onError?: (error: unknown) => void;
}

export interface ArrivalReporter {
  start(): void;
  /** Counts jobs put into the queue for the first time; a retry is no arrival. */
  arrived(jobs?: number): void;
  /** Reports what came so far. False when it is still owed. */
  flush(): Promise<boolean>;
  stop(): Promise<void>;
}

/**
 * How does whoever puts jobs into the queue say how many?
 *
 * Reports every interval, also when nothing arrived: silence and zero are not the same. An unacknowledged report is
 * sent again unchanged, and what arrives meanwhile is merged into the next.
 *
 * @example
 * const arrivals = createArrivalReporter({ transport, pool: 'shop/mail', source: 'checkout', clock });
 * arrivals.start();
 * arrivals.arrived();
 */
export function createArrivalReporter(options: ArrivalReporterOptions): ArrivalReporter {
  const { transport, pool, source, clock } = options;
  let sequence = clock.nowMs();
  let fromMs = clock.nowMs();
  let count = 0;
  let owed: Report<'arrival'> | undefined;
  let ticker: Ticker | undefined;
  let underWay: Promise<boolean> | undefined;

  const next = (): Report<'arrival'> => {
    const toMs = Math.max(clock.nowMs(), fromMs);
    const number = sequence++;
    const data = {
      pool,
      source,
      sequence: number,
      from: timestamp(fromMs),
      to: timestamp(toMs),
      arrived: count,
    };
    fromMs = toMs;
    count = 0;
    return { key: pool, cause: `${source}:${number}`, data };
  };

  const send = async (): Promise<boolean> => {
    try {
      if (owed !== undefined) {
        await transport.send('arrival', owed);
        owed = undefined;
      }
      owed = next();
      await transport.send('arrival', owed);
      owed = undefined;
      return true;
    } catch (error) {
      options.onError?.(error);
      return false;
    }
  };

  const flush = (): Promise<boolean> => {
    underWay ??= send().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };

  return {
    start: () => {
      ticker ??= clock.every(
        options.intervalMs ?? 5000,
        async () => void (await flush()),
        options.onError ?? (() => {}),
      );
    },
    arrived: (jobs = 1) => {
      if (jobs > 0 && Number.isFinite(jobs)) count += jobs;
    },
    flush,
    stop: async () => {
      await ticker?.stop();
      await underWay;
      await flush();
    },
  };
}
