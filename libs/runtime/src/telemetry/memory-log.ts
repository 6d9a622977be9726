import type { Log } from '../ports/service.ts';

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  facts: object;
  sentence: string;
}

/** A log for tests, which keeps its newest lines to be looked at. */
export interface MemoryLog extends Log {
  lines(): readonly LogLine[];
}

export function createMemoryLog({ linesMax = 2_000 }: { linesMax?: number } = {}): MemoryLog {
  let lines: LogLine[] = [];
  const add = (level: LogLine['level']) => (facts: object, sentence: string) => {
    if (lines.length >= 2 * linesMax) lines = lines.slice(-linesMax);
    lines.push({ level, facts, sentence });
  };
  return {
    debug: add('debug'),
    info: add('info'),
    warn: add('warn'),
    error: add('error'),
    lines: () => lines.slice(-linesMax),
  };
}
