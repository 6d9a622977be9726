import { check, type Policy, PolicyDraft, strict } from '@capplan/contracts';
import { policyProblems } from '@capplan/planning';

export type ReadPolicy = { ok: true; policy: Policy } | { ok: false; problems: string[] };

const strictDraft = strict(PolicyDraft);

/**
 * Checks what a person wrote as a policy and fills in what a draft may leave out.
 *
 * Unknown fields are refused: a misspelt one that is silently ignored is a decision nobody took.
 *
 * @param value parsed YAML or JSON
 * @returns the policy, or every problem with its field
 * @example policyOfDraft({ name: 'x', mode: 'auto', slo: { p95_latency: '5s' }, scaling: { min_workers: 1, max_workers: 9 } })
 */
export function policyOfDraft(value: unknown): ReadPolicy {
  const checked = check(strictDraft, value);
  if (!checked.ok) return { ok: false, problems: checked.problems.map(withField) };
  const draft = checked.value;
  const policy: Policy = {
    ...draft,
    id: draft.id ?? 'policy',
    enabled: draft.enabled ?? true,
    forecast: draft.forecast ?? {},
    cost: draft.cost ?? {},
    tags: draft.tags ?? [],
    updated_at: '1970-01-01T00:00:00Z',
  };
  const problems = policyProblems(policy);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, policy };
}

/** `/scaling/min_workers must be integer` becomes `scaling.min_workers must be integer`. */
function withField(problem: string): string {
  const [place = '', ...words] = problem.split(' ');
  const field = place.startsWith('/') ? place.slice(1).replaceAll('/', '.') : 'policy';
  return `${field} ${words.join(' ')}`;
}
