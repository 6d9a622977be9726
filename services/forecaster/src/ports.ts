/** The forecaster needs the bus and the cache of its context, and nothing else from outside. */
export type ForecasterPorts = Record<string, never>;
