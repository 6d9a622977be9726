// Has nats-server and redis-server at hand for the suites that want the real ones; says plainly where they cannot be had.
import { root } from './prepare.mjs';

const { installServers } = await import(`${root}libs/runtime/dist/index.js`);
const outcome = await installServers();
process.stdout.write(`${JSON.stringify(outcome)}\n`);
