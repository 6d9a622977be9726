import type { Faults } from '@capplan/runtime';

const ordinary: Faults = {
  dropDelivery: 0.03,
  duplicateDelivery: 0.05,
  delayDelivery: 0.05,
  reorderDelivery: 0.05,
  loseRequest: 0.03,
  loseReply: 0.03,
  failPublish: 0.03,
  failPublishAfterStoring: 0.03,
  failRecordWrite: 0.03,
  failRecordWriteAfterStoring: 0.03,
  failRecordRead: 0.02,
  failCache: 0.03,
  delayOperation: 0.02,
};

/** Everything that may befall a world goes wrong now and then; twice as often with a `severity` of 2, never with 0. */
export function worldFaults(severity = 1): Faults {
  const scaled = Object.entries(ordinary).map(([name, probability]) => [name, Math.min(0.5, probability * severity)]);
  return { ...Object.fromEntries(scaled), delayMsMax: 2000 };
}
