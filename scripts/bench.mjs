// `pnpm bench NAME [arguments]`: runs one benchmark of the room bench/ on the sources, and prints its figures.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const [name, ...args] = process.argv.slice(2).filter((word) => word !== '--');
const known = readdirSync(new URL('../bench', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
if (name === undefined || !existsSync(new URL(`../bench/${name}.ts`, import.meta.url))) {
  process.stderr.write(`usage: pnpm bench NAME [FOLDER]; benchmarks: ${known.join(', ')}\n`);
  process.exit(2);
}
const run = spawnSync(
  process.execPath,
  ['--import=tsx', '--conditions=source', '--expose-gc', `bench/${name}.ts`, ...args],
  {
    cwd: new URL('..', import.meta.url),
    stdio: 'inherit',
  },
);
process.exit(run.status ?? 1);
