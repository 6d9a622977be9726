export * from './ports/bus.ts';
export * from './ports/cache.ts';
export * from './ports/clock.ts';
export * from './ports/records.ts';
export * from './ports/service.ts';
