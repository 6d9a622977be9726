import { type Command, exitCodes, InputError } from './command.ts';

const commands: Record<string, () => Promise<{ command: Command }>> = {
  queue: () => import('./commands/queue.ts'),
  size: () => import('./commands/size.ts'),
  forecast: () => import('./commands/forecast.ts'),
  backtest: () => import('./commands/backtest.ts'),
  decide: () => import('./commands/decide.ts'),
  validate: () => import('./commands/validate.ts'),
  simulate: () => import('./commands/simulate.ts'),
  history: () => import('./commands/history.ts'),
  service: () => import('./commands/service.ts'),
};

async function main(): Promise<number> {
  const [word, ...args] = process.argv.slice(2);
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
    return printHelp(args[0]);
  }
  const load = commands[word];
  if (!load) {
    process.stderr.write(`capplan: there is no command '${word}'; 'capplan help' lists them\n`);
    return exitCodes.badInput;
  }
  const { command } = await load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${command.help.trimEnd()}\n`);
    return exitCodes.ok;
  }
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  try {
    return await command.run(args, {
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      signal: interrupted.signal,
    });
  } catch (error) {
    if (interrupted.signal.aborted) return exitCodes.interrupted;
    if (
      error instanceof InputError ||
      (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    ) {
      process.stderr.write(`capplan ${word}: ${error.message}\n`);
      return exitCodes.badInput;
    }
    process.stderr.write(
      `capplan ${word}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return exitCodes.failed;
  }
}

async function printHelp(word?: string): Promise<number> {
  const load = word === undefined ? undefined : commands[word];
  if (load) {
    process.stdout.write(`${(await load()).command.help.trimEnd()}\n`);
    return exitCodes.ok;
  }
  process.stdout.write('capplan: capacity planning for queue workers\n\nusage: capplan COMMAND [options]\n\n');
  for (const [name, loadCommand] of Object.entries(commands)) {
    process.stdout.write(`  ${name.padEnd(10)} ${(await loadCommand()).command.summary}\n`);
  }
  process.stdout.write(
    "\n'capplan help COMMAND' says more. Exit codes: 0 done, 1 failed, 2 bad input, 3 objective cannot be met, 130 interrupted.\n",
  );
  return exitCodes.ok;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});
process.exitCode = await main();
