import { fileURLToPath } from 'node:url';
import { demoHelp, readArguments } from './arguments.ts';
import { claimDataFolder, openDataFolder } from './data-folder.ts';
import { exitCodes, superviseProcess } from './supervise-process.ts';

/* What `npm start` runs: the main job in a process of its own, which is started again when it ended unexpectedly. */

const words = process.argv.slice(2);
const read = readArguments(words);
if (!read.ok) {
  process.stderr.write(`${read.problems.join('\n')}\n\n${demoHelp}`);
  process.exit(exitCodes.badOptions);
}
if (read.value.help) {
  process.stdout.write(demoHelp);
  process.exit(exitCodes.done);
}
const { minutes, dataDir } = read.value;
const say = (sentence: string) => process.stderr.write(`capacity planner: ${sentence}\n`);
const folder = await openDataFolder(dataDir);
const startedMs = performance.now();
const code = await superviseProcess({
  file: fileURLToPath(new URL('./main.js', import.meta.url)),
  env: process.env,
  say,
  argsFor: () => {
    const leftMinutes = minutes - (performance.now() - startedMs) / 60_000;
    if (minutes > 0 && leftMinutes <= 0) return undefined;
    return [...words, '--data', folder.path, ...(minutes > 0 ? ['--minutes', String(leftMinutes)] : [])];
  },
  tidy: async () => {
    const verdict = await claimDataFolder(folder.path, say);
    if (!verdict.ok) return verdict.sentence;
    await verdict.claim.release();
    return undefined;
  },
});
await folder.close();
process.exit(code);
