import { readFileSync } from 'node:fs';
import type { Policy } from '@capplan/contracts';
import { policyOfDraft } from '@capplan/replay';
import { parseDocument } from 'yaml';
import { InputError } from './command.ts';

/**
 * Reads a policy from a YAML or JSON file and fills in what a draft may leave out.
 *
 * @throws InputError naming the file and every field that is off
 */
export function readPolicyFile(path: string): Policy {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  return parsePolicy(text, path);
}

/** The same from text; `source` is what errors call it. */
export function parsePolicy(text: string, source: string): Policy {
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault) {
    const line = fault.linePos?.[0].line;
    throw new InputError(`${source}${line === undefined ? '' : `:${line}`}: ${fault.message.split('\n')[0]}`);
  }
  const read = policyOfDraft(document.toJS());
  if (read.ok) return read.policy;
  throw new InputError(`${source} is not a policy:${read.problems.map((problem) => `\n  ${problem}`).join('')}`);
}
