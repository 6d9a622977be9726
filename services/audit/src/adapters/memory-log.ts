import { CapacityError, jsonBytes } from '@capplan/contracts';
import { type AuditLine, type AuditLog, type PlacedLine, readBytesMax } from '../ports.ts';

/** What may go wrong at an append: refused before storing, or stored with the answer lost. */
export type AppendFault = 'lost' | 'answer_lost' | undefined;

export interface MemoryAuditLog extends AuditLog {
  /** Drops lines up to and including this position, as retention does. */
  forgetUpTo(position: number): void;
  /** Puts something else where a line stands, as an intruder would. */
  tamper(position: number, line: AuditLine | undefined): void;
}

/**
 * The audit log in memory: for tests, and for running without servers, where nothing survives a restart.
 *
 * @param fault asked at every append
 */
export function createMemoryAuditLog(fault: () => AppendFault = () => undefined): MemoryAuditLog {
  const lines = new Map<number, AuditLine | undefined>();
  let first = 1;
  let last = 0;
  return {
    async bounds() {
      return { first, last };
    },
    async append(line, expectedLast) {
      const trouble = fault();
      if (trouble === 'lost') throw new CapacityError('unavailable', 'the audit log did not answer');
      if (expectedLast !== last) return { ok: false, reason: 'conflict' };
      last += 1;
      lines.set(last, structuredClone(line));
      if (trouble === 'answer_lost') throw new CapacityError('unavailable', 'the audit log did not answer');
      return { ok: true, position: last };
    },
    async read(fromPosition, limit) {
      const found: PlacedLine[] = [];
      let bytes = 0;
      for (let position = Math.max(first, fromPosition); position <= last && found.length < limit; position++) {
        if (!lines.has(position)) continue;
        const line = structuredClone(lines.get(position));
        found.push({ position, line });
        bytes += line === undefined ? 0 : jsonBytes(line);
        if (bytes >= readBytesMax) break;
      }
      return found;
    },
    forgetUpTo(position) {
      for (let p = first; p <= position; p++) lines.delete(p);
      first = Math.max(first, position + 1);
    },
    tamper(position, line) {
      if (line === undefined) lines.delete(position);
      else lines.set(position, line);
    },
  };
}
