/** Every worker carries the state file that it belongs to, so that one whose number was never written is found. */
export const ownerVariable = 'CAPPLAN_STATE_FILE';
