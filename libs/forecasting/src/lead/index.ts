export { createLeadForecaster, observeLead } from './lead-forecaster.ts';
export { type LeadPaths, leadPaths } from './lead-paths.ts';
export type { LeadForecasterConfig, LeadState } from './lead-state.ts';
export { type LeadStateFromWire, type LeadStateWire, leadStateFromWire, leadStateToWire } from './lead-state-wire.ts';
