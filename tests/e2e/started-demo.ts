import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../apps/demo/dist/start.js', import.meta.url));
let demosStarted = 0;

/** What `npm start` runs, as one test has started it. */
export interface StartedDemo {
  child: ChildProcess;
  /** Everything that was printed so far, on both streams. */
  printed(): string;
  /** Resolves when this has been printed; rejects when the demo ends without it. */
  until(text: string): Promise<void>;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
  /** The last line of stdout, read as JSON. */
  summary(): Record<string, unknown>;
  /** Processes that this start has begun and that live, itself included: by a mark in their environment, or its folder in their title. */
  processes(): number[];
}

/** Starts the built demo with its words, in a process group of its own, as a terminal would. */
export function startedDemo(options: {
  words: string[];
  dataDir: string;
  env?: Record<string, string | undefined>;
  uid?: number;
}): StartedDemo {
  const { words, dataDir, env, uid } = options;
  const mark = `${process.pid}-${demosStarted++}-${process.hrtime.bigint()}`;
  const child = spawn(process.execPath, [program, ...words, '--data', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env, CAPPLAN_E2E_DEMO: mark },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let stdout = '';
  let both = '';
  child.stdout?.on('data', (data: Buffer) => {
    stdout += data.toString('utf8');
    both += data.toString('utf8');
  });
  child.stderr?.on('data', (data: Buffer) => {
    both += data.toString('utf8');
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal)),
  );
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  return {
    child,
    printed: () => both,
    until: async (text) => {
      while (!both.includes(text)) {
        if (isOver) throw new Error(`the demo ended before '${text}':\n${both}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    ended,
    summary: () => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>,
    processes: () => processesWith(`CAPPLAN_E2E_DEMO=${mark}`, dataDir),
  };
}

/** Living processes with this in their environment, or this folder in their command line; [] where there is no /proc. */
function processesWith(mark: string, folder: string): number[] {
  let names: string[] = [];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.map(Number).filter((pid) => {
    try {
      const [environment, line] = ['environ', 'cmdline'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
      return pid !== process.pid && (environment?.includes(mark) || line?.includes(folder));
    } catch {
      return false;
    }
  });
}
