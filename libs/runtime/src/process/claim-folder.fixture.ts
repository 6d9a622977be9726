import { once } from 'node:events';
import { claimFolder } from './claim-folder.ts';

/** A process that asks for a folder when it is told to, says what came of it, and stays. Started by the tests of `claimFolder`. */
const [folder = ''] = process.argv.slice(2);
process.stdout.write('waiting\n');
await once(process.stdin, 'data');
const verdict = await claimFolder(folder);
process.stdout.write(`${JSON.stringify(verdict.ok ? { ok: true } : verdict)}\n`);
setInterval(() => {}, 1000);
