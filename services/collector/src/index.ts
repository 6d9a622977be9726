export { createMemoryDepths, type MemoryDepths } from './adapters/memory-depths.ts';
export { createMemoryHistory } from './adapters/memory-history.ts';
export { createMemoryWindowStore } from './adapters/memory-window-store.ts';
export { createRedisDepths } from './adapters/redis-depths.ts';
export { createRedisHistory } from './adapters/redis-history.ts';
export { createRedisWindowStore } from './adapters/redis-window-store.ts';
export { CollectorConfig } from './config.ts';
export type { CollectorPorts, DepthReading, HistoryStore, QueueDepths, WindowStore } from './ports.ts';
export { createCollector } from './service.ts';
