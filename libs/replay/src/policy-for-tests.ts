import type { Policy } from '@capplan/contracts';
import { policyOfDraft } from './policy-of-draft.ts';

/** A policy for tests: 95 % of responses within the target, as many workers as that takes. */
export function policyFor(
  p95_latency: string,
  {
    scaling = {},
    ...rest
  }: { scaling?: Partial<Policy['scaling']>; cost?: Policy['cost']; slo?: Partial<Policy['slo']> } = {},
): Policy {
  const read = policyOfDraft({
    name: 'test',
    mode: 'auto',
    ...rest,
    slo: { p95_latency, ...rest.slo },
    scaling: { min_workers: 1, max_workers: 1000, ...scaling },
  });
  if (!read.ok) throw new Error(read.problems.join('; '));
  return read.policy;
}
