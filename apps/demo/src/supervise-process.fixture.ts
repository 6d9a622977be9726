import { superviseProcess } from './supervise-process.ts';

/** A supervisor of the program that is named to it, started by the tests of `superviseProcess`. */
const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
const code = await superviseProcess({
  file: process.argv[2] as string,
  argsFor: () => [],
  env: process.env,
  tidy: async () => {
    say('tidied');
    return undefined;
  },
  say,
});
process.exit(code);
