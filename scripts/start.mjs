// `npm start`: prepares the checkout, then runs the main job in this process.
import { prepare, root } from './prepare.mjs';

const startedMs = Date.now();
prepare();
process.env.CAPPLAN_STARTED_MS ??= String(startedMs);
await import(`${root}apps/demo/dist/main.js`);
