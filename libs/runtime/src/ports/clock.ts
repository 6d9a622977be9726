/** Time as a service sees it: the machine's in production, a virtual one in tests. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Resolves after `ms`; resolves at once, without error, when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` every `periodMs`, never two runs at once; a run that throws is logged by the caller’s `onError` and the next one comes. */
  every(periodMs: number, task: () => Promise<void> | void, onError: (error: unknown) => void): Ticker;
}

export interface Ticker {
  /** No run starts any more; resolves when the one under way is over. */
  stop(): Promise<void>;
}
