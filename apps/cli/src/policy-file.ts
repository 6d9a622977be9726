import { readFileSync } from 'node:fs';
import { check, type Policy, PolicyDraft, strict } from '@capplan/contracts';
import { parseDocument } from 'yaml';
import { InputError } from './command.ts';

/**
 * Reads a policy from YAML or JSON and fills in what a draft may leave out.
 *
 * Unknown fields are refused, because a misspelt one that is silently ignored is a decision nobody took.
 *
 * @param path the file
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
  const checked = check(strictDraft, document.toJS());
  if (!checked.ok) {
    const problems = checked.problems.map((problem) => `\n  ${fieldOf(problem)}`).join('');
    throw new InputError(`${source} is not a policy:${problems}`);
  }
  const draft = checked.value;
  if (draft.scaling.min_workers > draft.scaling.max_workers) {
    const { min_workers, max_workers } = draft.scaling;
    throw new InputError(
      `${source} is not a policy:\n  scaling.min_workers ${min_workers} is above scaling.max_workers ${max_workers}`,
    );
  }
  return {
    ...draft,
    id: draft.id ?? 'policy',
    enabled: draft.enabled ?? true,
    forecast: draft.forecast ?? {},
    cost: draft.cost ?? {},
    tags: draft.tags ?? [],
    updated_at: '1970-01-01T00:00:00Z',
  };
}

const strictDraft = strict(PolicyDraft);

/** `/scaling/min_workers must be integer` becomes `scaling.min_workers must be integer`. */
function fieldOf(problem: string): string {
  const [place = '', ...words] = problem.split(' ');
  const field = place.startsWith('/') ? place.slice(1).replaceAll('/', '.') : 'the file';
  return `${field} ${words.join(' ')}`;
}
