import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ArrivalTrace, parseTrace } from '@capplan/traces';
import { InputError } from './command.ts';

/**
 * Reads an arrival trace from a CSV file.
 *
 * @returns the trace, named after the file, and notices worth showing
 * @throws InputError that names file, line and reason of every problem
 */
export async function readTraceFile(path: string): Promise<{ trace: ArrivalTrace; notices: string[] }> {
  const text = await readTextFile(path);
  const parsed = parseTrace(text, { name: basename(path).replace(/\.csv$/i, '') });
  if (parsed.ok) return { trace: parsed.trace, notices: parsed.notices };
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
