import type { RandomStream } from '@capplan/random';

/** What may go wrong in the memory world, as probabilities in [0, 1]; what is left out never happens. */
export interface Faults {
  /** A delivery is lost on its way: it counts, and the message comes again after the wait for its acknowledgement. */
  dropDelivery?: number;
  /** An acknowledgement is lost: the message is handled again later. */
  duplicateDelivery?: number;
  /** Everything for one consumer, view or request waits up to `delayMsMax`; order is kept. */
  delayDelivery?: number;
  /** One message waits up to `delayMsMax` while later ones overtake it. */
  reorderDelivery?: number;
  /** A request never reaches its owner. */
  loseRequest?: number;
  /** The owner has answered, and the answer is lost. */
  loseReply?: number;
  /** Publishing fails and nothing is stored. */
  failPublish?: number;
  /** Publishing fails although the message is stored. */
  failPublishAfterStoring?: number;
  /** A write to a record fails and nothing is stored. */
  failRecordWrite?: number;
  /** A write to a record fails although it is stored. */
  failRecordWriteAfterStoring?: number;
  failRecordRead?: number;
  /** Cache and leases fail. */
  failCache?: number;
  /** An operation of the bus, of records, cache or leases takes up to `delayMsMax`. */
  delayOperation?: number;
  /** Longest of all delays. Default 2,000 ms. */
  delayMsMax?: number;
}

export type FaultName = Exclude<keyof Faults, 'delayMsMax'>;

/** Chance for one place of the world: draws from a stream of its own, so that places do not disturb each other. */
export interface Chance {
  strikes(fault: FaultName): boolean;
  delayMs(): number;
}

export function createChance(random: RandomStream, faults: () => Faults): Chance {
  return {
    strikes: (fault) => {
      const probability = faults()[fault];
      return probability !== undefined && probability > 0 && random.next() < probability;
    },
    delayMs: () => 1 + random.integer(faults().delayMsMax ?? 2_000),
  };
}
