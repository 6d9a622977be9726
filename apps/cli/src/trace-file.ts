import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ArrivalTrace, type ClockOffset, type FileZone, parseTrace } from '@capplan/traces';
import { InputError } from './command.ts';

export interface TraceFile {
  trace: ArrivalTrace;
  /** What is worth knowing about how the file was read. */
  notices: string[];
  /** The clock that days and weeks of the file follow; absent: UTC. */
  utcOffsetMinutesAt?: ClockOffset;
}

/**
 * Reads an arrival trace from a CSV file; the trace is named after the file.
 *
 * @param zone of times that name none
 * @throws InputError that names file, line and reason of every problem
 */
export async function readTraceFile(path: string, zone?: FileZone): Promise<TraceFile> {
  const text = await readTextFile(path);
  const parsed = parseTrace(text, { name: basename(path).replace(/\.csv$/i, ''), zone });
  if (parsed.ok) {
    const { ok: _, ...file } = parsed;
    return file;
  }
  const listed = parsed.problems.map(({ line, reason }) =>
    line > 0 ? `${path}:${line}: ${reason}` : `${path}: ${reason}`,
  );
  throw new InputError(listed.join('\n'));
}

/** Reads a text file or says which one cannot be read, and why. */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reasons: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'it may not be read',
      EISDIR: 'it is a folder, not a file',
    };
    throw new InputError(`${path}: ${reasons[code] ?? code}`);
  }
}
