/** Every way in which Capacity Planner refuses or fails, with its meaning at the edges. */
export const errorCatalogue = {
  invalid_input: { http: 400, grpc: 3, retryable: false, title: 'The input does not fit its schema' },
  invalid_trace: { http: 400, grpc: 3, retryable: false, title: 'The arrival trace cannot be read' },
  unauthenticated: { http: 401, grpc: 16, retryable: false, title: 'No valid token' },
  forbidden: { http: 403, grpc: 7, retryable: false, title: 'The role does not allow this' },
  second_factor_required: {
    http: 403,
    grpc: 7,
    retryable: false,
    title: 'A large change needs a token with a second factor',
  },
  not_found: { http: 404, grpc: 5, retryable: false, title: 'There is no such resource' },
  conflict: { http: 409, grpc: 10, retryable: true, title: 'Somebody else changed it first' },
  unreadable_record: {
    http: 409,
    grpc: 9,
    retryable: false,
    title: 'The stored record cannot be read; put it anew or remove it',
  },
  illegal_transition: { http: 409, grpc: 9, retryable: false, title: 'The plan’s state does not allow this' },
  duplicate_approver: {
    http: 409,
    grpc: 9,
    retryable: false,
    title: 'This person has approved already, or asked for the plan',
  },
  pool_owned_elsewhere: { http: 409, grpc: 9, retryable: false, title: 'Another controller owns the replica count' },
  policy_in_use: { http: 409, grpc: 9, retryable: false, title: 'A pool still refers to this policy' },
  pool_in_use: { http: 409, grpc: 9, retryable: false, title: 'Workers of this pool still run' },
  idempotency_mismatch: {
    http: 422,
    grpc: 9,
    retryable: false,
    title: 'The idempotency key was used for another request',
  },
  policy_mismatch: { http: 422, grpc: 9, retryable: false, title: 'This policy may not govern this pool' },
  cost_limit_exceeded: { http: 422, grpc: 9, retryable: false, title: 'A hard budget forbids this' },
  not_enough_data: { http: 422, grpc: 9, retryable: true, title: 'There is not enough history yet' },
  too_large: { http: 413, grpc: 8, retryable: false, title: 'The request or its answer is larger than allowed' },
  rate_limited: { http: 429, grpc: 8, retryable: true, title: 'Too many requests' },
  busy: { http: 503, grpc: 8, retryable: true, title: 'All workers are busy; try again' },
  cancelled: { http: 499, grpc: 1, retryable: false, title: 'The caller went away' },
  deadline_exceeded: { http: 504, grpc: 4, retryable: true, title: 'No answer inside the deadline' },
  unavailable: { http: 503, grpc: 14, retryable: true, title: 'Something this needs is not there right now' },
  lease_lost: { http: 503, grpc: 10, retryable: true, title: 'Another instance acts on this pool' },
  no_audit_receipt: { http: 503, grpc: 14, retryable: true, title: 'Without an audit receipt nothing is done' },
  unimplemented: { http: 501, grpc: 12, retryable: false, title: 'This installation does not offer this' },
  internal: { http: 500, grpc: 13, retryable: false, title: 'Our own mistake' },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/**
 * The world failed, or a request was refused. Match on `code`; wording is free to improve.
 */
export class CapacityError extends Error {
  override name = 'CapacityError';
  readonly code: ErrorCode;
  readonly detail: unknown;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; detail?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

export function isCapacityError(error: unknown, code?: ErrorCode): error is CapacityError {
  return error instanceof CapacityError && (code === undefined || error.code === code);
}
