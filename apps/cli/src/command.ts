/** Exit codes, documented in the README: scripts may rely on them. */
export const exitCodes = { ok: 0, failed: 1, badInput: 2, infeasible: 3, interrupted: 130 } as const;

/** What a command may touch: handed in, so that a test can run a command without a process. */
export interface CommandIo {
  stdin: NodeJS.ReadableStream;
  stdout: { write(text: string): unknown; isTTY?: boolean; columns?: number };
  stderr: { write(text: string): unknown };
  /** Aborted on Ctrl-C. */
  signal: AbortSignal;
}

/** One word after `capplan`. */
export interface Command {
  name: string;
  summary: string;
  /** The whole help text: options with units and defaults, and one example that runs. */
  help: string;
  /** Returns an exit code; throws `InputError` for anything the user can mend. */
  run(args: string[], io: CommandIo): Promise<number>;
}

/** Bad input: says what is wrong, where it stands and what would do. */
export class InputError extends Error {
  override name = 'InputError';
}
