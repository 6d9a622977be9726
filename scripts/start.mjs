// `npm start`: prepares the checkout, then runs the main job under its supervisor.
import { prepare, root } from './prepare.mjs';

const startedMs = Date.now();
await prepare();
process.env.CAPPLAN_STARTED_MS ??= String(startedMs);
await import(`${root}apps/demo/dist/start.js`);
