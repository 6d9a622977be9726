/** How often the same line may be written. */
export interface RepeatRule {
  /** So many of one kind are written within a window; the rest are counted. */
  burst: number;
  windowMs: number;
}

/** What a log has seen of one kind of line since its window began. */
export interface Repeats {
  sinceMs: number;
  written: number;
  leftOut: number;
}

export interface LineOutcome {
  repeats: Repeats;
  /** Whether the line itself is written. */
  isWritten: boolean;
  /** Lines of the window before that were left out, and how long that window was; said before the line. */
  before: LeftOut | undefined;
}

/** So many lines were left out in so many seconds. */
export interface LeftOut {
  lines: number;
  sec: number;
}

/** Takes one line in. The first of a kind is always written; a window begins with the first line after the last one. */
export function takeLine(repeats: Repeats | undefined, nowMs: number, rule: RepeatRule): LineOutcome {
  if (repeats === undefined || isOver(repeats, nowMs, rule)) {
    const before = repeats && leftOutOf(repeats, nowMs);
    return { repeats: { sinceMs: nowMs, written: 1, leftOut: 0 }, isWritten: true, before };
  }
  const isWritten = repeats.written < rule.burst;
  const next = isWritten ? { ...repeats, written: repeats.written + 1 } : { ...repeats, leftOut: repeats.leftOut + 1 };
  return { repeats: next, isWritten, before: undefined };
}

/** Whether the window of these lines is over. A clock that was set back ends it too. */
export function isOver({ sinceMs }: Repeats, nowMs: number, { windowMs }: RepeatRule): boolean {
  return nowMs - sinceMs >= windowMs || nowMs < sinceMs;
}

/** What is to be said of a window when it ends; undefined when every line was written. */
export function leftOutOf({ sinceMs, leftOut }: Repeats, nowMs: number): LeftOut | undefined {
  if (leftOut === 0) return undefined;
  return { lines: leftOut, sec: Math.max(1, Math.round((nowMs - sinceMs) / 1000)) };
}

/** Kinds of one log that are kept apart at a time. */
export const kindsMax = 1_000;
const messageLettersMax = 120;

/**
 * What makes two lines the same: level, sentence, and the error in their facts by code and message, where numbers, ids
 * and names in quotes do not count. A new error under a known sentence is therefore a line of its own.
 */
export function kindOf(level: string, sentence: string, facts: object): string {
  return [level, sentence, errorKindOf(facts)].join('\n');
}

function errorKindOf(facts: object): string {
  const error = Object.values(facts).find((value): value is Error & { code?: unknown } => value instanceof Error);
  if (error === undefined) return '';
  const message = error.message
    .slice(0, 4 * messageLettersMax)
    .replaceAll(/'[^']*'|"[^"]*"|`[^`]*`/g, '…')
    .replaceAll(/[\w-]+(?:\/[\w-]+)+|\b[0-9a-f-]{8,}\b|\w*\d\w*/gi, '…');
  return `${typeof error.code === 'string' ? error.code : error.name}: ${message.slice(0, messageLettersMax)}`;
}
