// Says whether nats-server and redis-server are there for the suites that want the real ones, by its exit code as well;
// installs them only with --install.
import { root } from './prepare.mjs';

const { installServers } = await import(`${root}libs/runtime/dist/index.js`);
const mayInstall = process.argv.includes('--install');
const outcome = await installServers({ mayInstall, say: (sentence) => process.stdout.write(`${sentence}\n`) });
process.stdout.write(`${outcome.ok ? 'nats-server and redis-server are there' : outcome.reason}\n`);
process.exit(outcome.ok ? 0 : 1);
