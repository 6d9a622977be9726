export { describeHistoryStoreConformance, samplePoint } from './history-store.ts';
export { type DepthsRig, describeQueueDepthsConformance } from './queue-depths.ts';
export { describeWindowStoreConformance } from './window-store.ts';
