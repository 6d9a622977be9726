import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/service.ts';
import {
  isOver,
  kindOf,
  kindsMax,
  type LeftOut,
  leftOutOf,
  type RepeatRule,
  type Repeats,
  takeLine,
} from './repeated-lines.ts';

type Level = 'info' | 'warn' | 'error';

interface Kind {
  level: Level;
  sentence: string;
  /** Facts of the newest line that was left out. */
  facts: object;
  repeats: Repeats;
}

export interface SampledLog extends Log {
  /** Says what was left out, and samples no more. */
  close(): Promise<void>;
}

const usualRule: RepeatRule = { burst: 10, windowMs: 30_000 };

/**
 * A log that writes the first lines of a kind and counts the rest: `… and 311 more in 30 s`, with the facts of the newest.
 * The first occurrence is never left out; `debug` is for who wants to see everything and passes as it is.
 */
export function createSampledLog(
  log: Log,
  clock: Pick<Clock, 'nowMs' | 'every'>,
  rule: RepeatRule = usualRule,
): SampledLog {
  const kinds = new Map<string, Kind>();

  const sayLeftOut = ({ level, sentence, facts }: Kind, { lines, sec }: LeftOut): void =>
    log[level]({ ...facts, left_out: lines }, `${sentence} … and ${lines} more in ${sec} s`);

  const forget = (key: string, kind: Kind): void => {
    kinds.delete(key);
    const leftOut = leftOutOf(kind.repeats, clock.nowMs());
    if (leftOut) sayLeftOut(kind, leftOut);
  };

  const write = (level: Level) => (facts: object, sentence: string) => {
    const key = kindOf(level, sentence, facts);
    const known = kinds.get(key);
    const { repeats, isWritten, before } = takeLine(known?.repeats, clock.nowMs(), rule);
    if (known && before) sayLeftOut(known, before);
    kinds.set(key, { level, sentence, facts, repeats });
    if (isWritten) log[level](facts, sentence);
    // The one that began first makes room.
    const [oldest] = kinds;
    if (kinds.size > kindsMax && oldest) forget(...oldest);
  };

  const ticker = clock.every(
    rule.windowMs,
    () => {
      for (const [key, kind] of kinds) if (isOver(kind.repeats, clock.nowMs(), rule)) forget(key, kind);
    },
    (error) => log.error({ error }, 'The lines that were left out cannot be counted'),
  );

  return {
    debug: log.debug,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    close: async () => {
      await ticker.stop();
      for (const [key, kind] of kinds) forget(key, kind);
    },
  };
}
