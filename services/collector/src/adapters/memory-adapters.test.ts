import {
  describeHistoryStoreConformance,
  describeQueueDepthsConformance,
  describeWindowStoreConformance,
} from '../conformance/index.ts';
import { createMemoryDepths } from './memory-depths.ts';
import { createMemoryHistory } from './memory-history.ts';
import { createMemoryWindowStore } from './memory-window-store.ts';

describeWindowStoreConformance('createMemoryWindowStore', async () => createMemoryWindowStore());
describeHistoryStoreConformance('createMemoryHistory', async () => createMemoryHistory());
describeQueueDepthsConformance('createMemoryDepths', async () => {
  const depths = createMemoryDepths();
  return {
    depths,
    fill: async (name, jobs) => depths.set(name, jobs),
    breakDown: async () => {
      depths.unreachable = true;
    },
  };
});
