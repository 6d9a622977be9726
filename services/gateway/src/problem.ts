import { CapacityError, type ErrorCode, errorCatalogue } from '@capplan/contracts';

/** An error as a client meets it: RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  retryable: boolean;
  problems?: string[];
}

/** Turns whatever was thrown into a problem; our own mistakes tell nothing about the inside. */
export function problemOf(error: unknown): Problem {
  const known = error instanceof CapacityError ? error : foreignError(error);
  const { http, title, retryable } = errorCatalogue[known.code];
  const problem: Problem = {
    type: `urn:capacity-planner:error:${known.code}`,
    title,
    status: http,
    code: known.code,
    detail: known.code === 'internal' ? 'Something went wrong on our side; the log has the reason' : known.message,
    retryable,
  };
  if (Array.isArray(known.detail)) problem.problems = known.detail.map(String);
  return problem;
}

/** When a refused request is worth being sent again, seconds; undefined where the answer does not depend on time. */
export function retryAfterSec({ status, retryable }: Problem): number | undefined {
  if (!retryable || ![409, 429, 503].includes(status)) return undefined;
  return status === 409 ? 1 : 2;
}

function foreignError(error: unknown): CapacityError {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
  const message = error instanceof Error ? error.message : String(error);
  if (status === 413) return new CapacityError('too_large', message, { cause: error });
  if (status === 429) return new CapacityError('rate_limited', message, { cause: error });
  if (status === 404) return new CapacityError('not_found', message, { cause: error });
  if (status >= 400 && status < 500) return new CapacityError('invalid_input', message, { cause: error });
  return new CapacityError('internal', message, { cause: error });
}
