import { describeBusConformance } from '../conformance/bus-conformance.ts';
import { describeCacheConformance, describeLeasesConformance } from '../conformance/cache-conformance.ts';
import { openMemoryHarness } from '../conformance/memory-harness.ts';
import { describeRecordsConformance } from '../conformance/records-conformance.ts';
import { describeRequestsConformance } from '../conformance/requests-conformance.ts';

const open = () => openMemoryHarness();

describeBusConformance('in memory', open);
describeRequestsConformance('in memory', open);
describeRecordsConformance('in memory', open);
describeCacheConformance('in memory', open);
describeLeasesConformance('in memory', open);
