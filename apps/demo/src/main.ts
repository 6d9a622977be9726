import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { inspect } from 'node:util';
import { CapacityError, isCapacityError } from '@capplan/contracts';
import { endLeftovers } from '@capplan/stack';
import { parseTrace } from '@capplan/traces';
import { type DemoArguments, demoHelp, readArguments } from './arguments.ts';
import { bundledTrace, scaleToPool } from './arrivals.ts';
import { claimDataFolder, openDataFolder } from './data-folder.ts';
import { type DemoRun, startDemo } from './run.ts';
import { renderScreen } from './screen.ts';
import { type RunSummary, summaryText } from './summary.ts';
import { exitCodes, onInterrupt, type SupervisorWord } from './supervise-process.ts';

/* The main job: one process, with its signals and its terminal. `start.ts` starts it, and starts it again. */

/** After an error that nobody expected, what was started may take so long to stop in order, real ms. */
const crashStopMs = 10_000;

const read = readArguments(process.argv.slice(2));
if (!read.ok) {
  process.stderr.write(`${read.problems.join('\n')}\n\n${demoHelp}`);
  process.exit(exitCodes.badOptions);
}
if (read.value.help) {
  process.stdout.write(demoHelp);
  process.exit(exitCodes.done);
}
await main(read.value);

/** Ends the process. Without a supervisor, as in tests, it says by its exit code what became of it all the same. */
async function main(args: DemoArguments): Promise<never> {
  const say = (sentence: string) => process.stderr.write(`capacity planner: ${sentence}\n`);
  const source = await readTrace(args);
  if (!source) return process.exit(exitCodes.badOptions);
  const folder = await openDataFolder(args.dataDir);
  const verdict = await claimDataFolder(folder.path, say);
  if (!verdict.ok) {
    say(verdict.sentence);
    return process.exit(exitCodes.failed);
  }

  const interrupt = new AbortController();
  const finish = new AbortController();
  let isEnding = false;
  let wipe = () => {};
  /** Whatever happens: no screen, no process and no claim stays behind. */
  const end = async (code: number): Promise<never> => {
    wipe();
    // What could not be stopped in its time is ended now.
    await endLeftovers(folder.path, { graceMs: 0 });
    await verdict.claim.release();
    await folder.close();
    return process.exit(code);
  };
  /** Without waiting for anything that may never come. */
  const endAtOnce = async (code: number): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    await end(code);
  };
  const ask = () => {
    interrupt.abort();
    finish.abort();
  };
  onInterrupt({ first: ask, second: () => void endAtOnce(exitCodes.interrupted) });
  // With its supervisor or its reader gone, a run is for nobody.
  process.on('disconnect', ask);
  process.stdout.on('error', ask);
  process.stderr.on('error', () => {});
  process.on('message', (word: SupervisorWord) => void (word === 'end' ? endAtOnce(exitCodes.interrupted) : ask()));
  if (args.minutes > 0) setTimeout(() => finish.abort(), args.minutes * 60_000);

  let isCrashed = false;
  const starting = startDemo({
    args,
    traceName: source.name,
    traceStartMs: source.startMs,
    traceFor: (demo) => {
      const scaled = scaleToPool(source, { demo, loadWorkers: args.loadWorkers });
      if (!scaled.ok) throw new CapacityError('invalid_input', scaled.detail);
      return scaled.trace;
    },
    dataDir: folder.path,
    env: process.env,
    startedRealMs: Number(process.env.CAPPLAN_STARTED_MS ?? Date.now()),
    signal: interrupt.signal,
    say,
  });
  const crash = (what: string) => (error: unknown) => {
    say(`${what}: ${inspect(error)}`);
    if (isCrashed) return;
    isCrashed = true;
    interrupt.abort();
    setTimeout(() => void endAtOnce(exitCodes.crashed), crashStopMs);
    void starting
      .then((run) => run.abandon())
      .then(
        () => endAtOnce(exitCodes.crashed),
        () => endAtOnce(exitCodes.crashed),
      );
  };
  process.on('uncaughtException', crash('an error that nobody caught'));
  process.on('unhandledRejection', crash('a rejection that nobody handled'));

  let run: DemoRun;
  try {
    run = await starting;
  } catch (error) {
    if (isCrashed) return pending();
    if (interrupt.signal.aborted) return end(exitCodes.interrupted);
    say(isCapacityError(error) ? error.message : inspect(error));
    return end(exitCodes.failed);
  }
  if (run.notice) say(run.notice);
  const heading = `API    ${run.apiUrl}/api/v1/capacity  (its description: ${run.apiUrl}/docs)\nTOKEN  ${run.token}\n\n`;
  process.stdout.write(heading);
  if (!args.headless) wipe = drawLive(() => renderScreen(run.screen(), process.stdout.columns ?? 80), heading);
  if (!finish.signal.aborted) await new Promise((resolve) => finish.signal.addEventListener('abort', resolve));
  wipe();
  say('stopping: workers finish what they have');
  let summary: RunSummary;
  try {
    summary = await run.stop();
  } catch (error) {
    if (isCrashed) return pending();
    say(`the run could not be summed up: ${inspect(error)}`);
    await endAtOnce(exitCodes.failed);
    return pending();
  }
  process.stdout.write(summaryText(summary, run.demo.targetSec, process.stdout.columns));
  if (args.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  return end(exitCodes.done);
}

/** What is under way elsewhere ends the process. */
function pending(): Promise<never> {
  return new Promise(() => {});
}

async function readTrace({ traceFile, seed }: DemoArguments) {
  if (traceFile === undefined) return bundledTrace(seed);
  let text: string;
  try {
    text = await readFile(traceFile, 'utf8');
  } catch (error) {
    process.stderr.write(`${traceFile}: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
  const parsed = parseTrace(text, { name: basename(traceFile) });
  if (parsed.ok) return parsed.trace;
  for (const { line, reason } of parsed.problems.slice(0, 20))
    process.stderr.write(`${traceFile}:${line}: ${reason}\n`);
  return undefined;
}

/**
 * Draws frames over each other, below a heading; returns what ends it. A terminal that was made narrower has broken the
 * lines of the last frame: it is cleared, and the heading written anew.
 */
function drawLive(frame: () => string[], heading: string): () => void {
  if (!process.stdout.isTTY) return () => {};
  let drawn = 0;
  let width = process.stdout.columns;
  const draw = () => {
    // What is higher than the terminal would scroll, and could not be drawn over.
    const lines = frame().slice(0, (process.stdout.rows ?? 24) - 1);
    let before = drawn > 0 ? `\u001b[${drawn}A` : '';
    if (process.stdout.columns !== width) before = `\u001b[2J\u001b[H${heading}`;
    width = process.stdout.columns;
    process.stdout.write(`\u001b[?25l${before}\u001b[0J${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  draw();
  const timer = setInterval(draw, 500);
  return () => {
    clearInterval(timer);
    process.stdout.write('\u001b[?25h');
  };
}
