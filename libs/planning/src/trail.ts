import { cutText, type ExplanationStep, workersMax } from '@capplan/contracts';

/** Collects the lines that lead from where the pool is to the target; each line starts where the last one ended. */
export interface Trail {
  readonly lines: ExplanationStep[];
  readonly workers: number;
  /** Records that a rule looked and what it made of the number. Rules that change nothing are left out unless `always`. */
  apply(rule: string, after: number, detail: string, always?: boolean): void;
}

export function createTrail(workers: number): Trail {
  const lines: ExplanationStep[] = [];
  let current = Math.min(workersMax, workers);
  return {
    lines,
    get workers() {
      return current;
    },
    apply(rule, wanted, detail, always = false) {
      const after = Math.min(workersMax, wanted);
      if (after === current && !always) return;
      lines.push({ rule, before: current, after, detail: cutText(detail, 1024) });
      current = after;
    },
  };
}

/** A figure for people: two decimals at most. */
export function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}
