export { describeBusConformance } from './bus-conformance.ts';
export { describeCacheConformance, describeLeasesConformance } from './cache-conformance.ts';
export { eventually, type Harness } from './harness.ts';
export { openMemoryHarness } from './memory-harness.ts';
export { describeRecordsConformance } from './records-conformance.ts';
export { describeRequestsConformance } from './requests-conformance.ts';
export { openServerHarness } from './server-harness.ts';
