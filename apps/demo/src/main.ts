import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isCapacityError } from '@capplan/contracts';
import { parseTrace } from '@capplan/traces';
import { type DemoArguments, demoHelp, readArguments } from './arguments.ts';
import { bundledTrace, scaleToPool } from './arrivals.ts';
import { startDemo } from './run.ts';
import { renderScreen } from './screen.ts';
import { summaryText } from './summary.ts';

/* The main job: the only file that touches the process, its signals and its terminal. */

const read = readArguments(process.argv.slice(2));
if (!read.ok) {
  process.stderr.write(`${read.problems.join('\n')}\n\n${demoHelp}`);
  process.exit(2);
}
if (read.value.help) {
  process.stdout.write(demoHelp);
  process.exit(0);
}
process.exitCode = await main(read.value);
process.exit();

async function main(args: DemoArguments): Promise<number> {
  const source = await readTrace(args);
  if (!source) return 2;
  const dataDir = args.dataDir ?? (await mkdtemp(join(tmpdir(), 'capacity-planner-')));
  const ended = endOf(args.minutes);
  const say = (sentence: string) => process.stderr.write(`capacity planner: ${sentence}\n`);
  let code = 0;
  try {
    const run = await startDemo({
      args,
      traceName: source.name,
      traceStartMs: source.startMs,
      traceFor: (demo) => {
        const scaled = scaleToPool(source, { demo, loadWorkers: args.loadWorkers });
        if (!scaled.ok) throw new Error(scaled.detail);
        return scaled.trace;
      },
      dataDir,
      env: process.env,
      startedRealMs: Number(process.env.CAPPLAN_STARTED_MS ?? Date.now()),
      say,
    });
    if (run.notice) say(run.notice);
    process.stdout.write(
      `API    ${run.apiUrl}/api/v1/capacity  (its description: ${run.apiUrl}/docs)\nTOKEN  ${run.token}\n\n`,
    );
    const wipe = args.headless ? () => {} : drawLive(() => renderScreen(run.screen(), process.stdout.columns ?? 80));
    await ended;
    wipe();
    say('stopping: workers finish what they have');
    const summary = await run.stop();
    process.stdout.write(summaryText(summary, run.demo.targetSec));
    if (args.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  } catch (error) {
    if (isCapacityError(error, 'invalid_input')) say(error.message);
    else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    code = 1;
  }
  if (args.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  return code;
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

/** A package manager passes on the Ctrl-C that the terminal has sent already: what comes so soon is the same one. */
const sameSignalMs = 1000;

/** Resolves after the given minutes (never, for 0), on Ctrl-C or on SIGTERM. A second Ctrl-C ends at once. */
function endOf(minutes: number): Promise<void> {
  return new Promise((resolve) => {
    if (minutes > 0) setTimeout(resolve, minutes * 60_000);
    let askedMs: number | undefined;
    const ask = () => {
      if (askedMs !== undefined && performance.now() - askedMs > sameSignalMs) process.exit(130);
      askedMs ??= performance.now();
      resolve();
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
  });
}

/** Draws frames over each other; returns what ends it. */
function drawLive(frame: () => string[]): () => void {
  if (!process.stdout.isTTY) return () => {};
  let drawn = 0;
  const draw = () => {
    const lines = frame();
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    process.stdout.write(`\u001b[?25l${up}\u001b[0J${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  draw();
  const timer = setInterval(draw, 500);
  return () => {
    clearInterval(timer);
    process.stdout.write('\u001b[?25h');
  };
}
