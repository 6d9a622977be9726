import { type ChildProcess, fork } from 'node:child_process';

/** How a process ended: its exit code, or the signal that ended it. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export type NextStart = { restart: true; afterMs: number } | { restart: false };

/** What the process ends with when it has failed for a reason that it states, when it was interrupted, and so on. */
export const exitCodes = { done: 0, failed: 1, badOptions: 2, interrupted: 130, crashed: 70 } as const;

const finalCodes: ReadonlySet<number | null> = new Set([
  exitCodes.done,
  exitCodes.failed,
  exitCodes.badOptions,
  exitCodes.interrupted,
]);
const windowMs = 60_000;
const crashesMax = 5;
const pauseMs = 500;

/**
 * Whether a process that has ended is started again: after an unexpected end, with a pause that doubles, until there
 * were too many within a minute. What it has ended by itself stays ended.
 *
 * @param crashedMs when it ended unexpectedly before, this time included, ms
 */
export function nextStart(end: ProcessEnd, crashedMs: readonly number[], nowMs: number): NextStart {
  if (end.signal === null && finalCodes.has(end.code)) return { restart: false };
  const recent = crashedMs.filter((atMs) => nowMs - atMs < windowMs).length;
  if (recent >= crashesMax) return { restart: false };
  return { restart: true, afterMs: pauseMs * 2 ** Math.max(0, recent - 1) };
}

/** What the supervisor asks of the process: to stop in order, or to end at once. */
export type SupervisorWord = 'stop' | 'end';

/** Signals that come this soon after the first are the same Ctrl-C: a terminal and a package manager both send it. */
const sameAskMs = 1000;
/** A process that was asked to end at once may take so long, real ms. */
const endAtOnceMs = 5000;

/** Calls back at the first request to stop, and again at a second one that comes later than a repeat of the first would. */
export function onInterrupt({ first, second }: { first: () => void; second: () => void }): void {
  let askedMs: number | undefined;
  const asked = () => {
    if (askedMs === undefined) {
      askedMs = performance.now();
      first();
    } else if (performance.now() - askedMs > sameAskMs) second();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, asked);
}

/**
 * Runs a program in a process of its own until it ends by itself or is asked to stop, and starts it again when it ended
 * unexpectedly.
 *
 * @param options.argsFor the words for the next start; undefined when there is nothing left to do
 * @param options.tidy ends what a dead process has left behind; what it answers stops the restarts
 * @returns the exit code to end with
 */
export async function superviseProcess(options: {
  file: string;
  argsFor: () => string[] | undefined;
  env: Readonly<Record<string, string | undefined>>;
  tidy: () => Promise<string | undefined>;
  say: (sentence: string) => void;
}): Promise<number> {
  const { file, argsFor, env, tidy, say } = options;
  const crashedMs: number[] = [];
  const asked = new AbortController();
  let child: ChildProcess | undefined;
  const tell = (word: SupervisorWord) => {
    if (child?.connected) child.send(word, () => {});
  };
  onInterrupt({
    first: () => {
      asked.abort();
      tell('stop');
    },
    second: () => {
      tell('end');
      setTimeout(() => child?.kill('SIGKILL'), endAtOnceMs).unref();
    },
  });

  for (let args = argsFor(); args !== undefined; args = argsFor()) {
    const restarts = String(crashedMs.length);
    child = fork(file, args, { stdio: 'inherit', env: { ...env, CAPPLAN_RESTARTS: restarts } });
    if (asked.signal.aborted) tell('stop');
    const end = await endOf(child);
    if (end.signal === null && finalCodes.has(end.code)) return end.code as number;
    const how = end.signal ? `was ended by ${end.signal}` : `ended with code ${end.code}`;
    const refusal = await tidy();
    if (asked.signal.aborted) return exitCodes.interrupted;
    if (refusal !== undefined) {
      say(refusal);
      return exitCodes.failed;
    }
    crashedMs.push(performance.now());
    const next = nextStart(end, crashedMs, performance.now());
    if (!next.restart) {
      say(`the process ${how}, ${crashesMax} times within a minute, and is not started again: the lines above say why`);
      return exitCodes.failed;
    }
    say(
      `the process ${how} unexpectedly; what it had started was ended, and it is started again in ${next.afterMs / 1000} s`,
    );
    await pause(next.afterMs, asked.signal);
    if (asked.signal.aborted) return exitCodes.interrupted;
  }
  return exitCodes.failed;
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
