import type { ScriptRunner } from '../ports.ts';

/** Counts a request and says how many there were within the window, and how long it lasts yet. */
const countScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('PTTL', KEYS[1]) }`;

/** Callers that one replica remembers; of more, those that were counted longest ago are forgotten. */
const callersMax = 10_000;

interface Count {
  current: number;
  /** Until the window ends, ms. */
  ttl: number;
}

type Counted = (error: Error | null, count?: Count) => void;

/**
 * Requests by caller and window, for the rate limit. All replicas count together in Redis; where it is away or takes
 * no writes, the replica's own count holds, so that a limit that cannot be shared is not one that is gone.
 */
export class RequestCounts {
  readonly #redis: ScriptRunner | undefined;
  readonly #nowMs: () => number;
  readonly #own = new Map<string, { current: number; endMs: number }>();

  constructor(redis: ScriptRunner | undefined, nowMs: () => number) {
    this.#redis = redis;
    this.#nowMs = nowMs;
  }

  incr(caller: string, counted: Counted, windowMs: number): void {
    const own = this.#countOwn(caller, windowMs);
    if (this.#redis === undefined) return counted(null, own);
    this.#redis.eval(countScript, 1, `gateway:limit:${caller}`, windowMs).then(
      (answer) => {
        const [current, ttl] = answer as [number, number];
        counted(null, { current, ttl: Math.max(0, ttl) });
      },
      () => counted(null, own),
    );
  }

  /** Routes have no limits of their own. */
  child(): this {
    return this;
  }

  #countOwn(caller: string, windowMs: number): Count {
    const now = this.#nowMs();
    const known = this.#own.get(caller);
    const window = known !== undefined && known.endMs > now ? known : { current: 0, endMs: now + windowMs };
    window.current += 1;
    this.#own.delete(caller);
    this.#own.set(caller, window);
    for (const oldest of this.#own.keys()) {
      if (this.#own.size <= callersMax) break;
      this.#own.delete(oldest);
    }
    return { current: window.current, ttl: window.endMs - now };
  }
}
