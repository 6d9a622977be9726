import { CapacityError, type ErrorCode, errorCatalogue, wellFormed } from '@capplan/contracts';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

const codeHeader = 'capacity-error';
const detailHeader = 'capacity-error-detail-bin';
/** Headers are small: what does not fit is left out, the message stays. */
const detailBytesMax = 4_096;
/** Of the message as it stands in its header, where a character of another script takes nine. */
const messageBytesMax = 2_048;

/** An error as gRPC sends it: the standard status, and beside it the exact code and detail. */
export function toGrpcError(error: unknown, service: string): Partial<ServiceError> {
  const metadata = new Metadata();
  if (!(error instanceof CapacityError)) {
    metadata.set(codeHeader, 'internal');
    return { code: status.INTERNAL, details: `the request failed; the log of ${service} says why`, metadata };
  }
  metadata.set(codeHeader, error.code);
  if (error.detail !== undefined) {
    const detail = Buffer.from(JSON.stringify(error.detail));
    if (detail.length <= detailBytesMax) metadata.set(detailHeader, detail);
  }
  return { code: errorCatalogue[error.code].grpc as status, details: headerText(error.message), metadata };
}

/** A message that can stand in a header: gRPC throws at one that is not well-formed, and clients at one that is long. */
function headerText(message: string): string {
  let text = wellFormed(message);
  while (encodeURI(text).length > messageBytesMax) text = wellFormed(`${text.slice(0, Math.floor(text.length / 2))}…`);
  return text;
}

/** What each standard status means here, for servers that send nothing else. */
const codeOfStatus: Partial<Record<status, ErrorCode>> = {
  [status.CANCELLED]: 'cancelled',
  [status.INVALID_ARGUMENT]: 'invalid_input',
  [status.OUT_OF_RANGE]: 'invalid_input',
  [status.DEADLINE_EXCEEDED]: 'deadline_exceeded',
  [status.NOT_FOUND]: 'not_found',
  [status.ALREADY_EXISTS]: 'conflict',
  [status.PERMISSION_DENIED]: 'forbidden',
  [status.RESOURCE_EXHAUSTED]: 'busy',
  [status.FAILED_PRECONDITION]: 'illegal_transition',
  [status.ABORTED]: 'conflict',
  [status.UNIMPLEMENTED]: 'unimplemented',
  [status.UNAVAILABLE]: 'unavailable',
  [status.UNAUTHENTICATED]: 'unauthenticated',
};

/** The error that a server sent, as it was thrown there. */
export function fromGrpcError(error: unknown): CapacityError {
  if (error instanceof CapacityError) return error;
  if (!(error instanceof Error) || !('code' in error)) {
    return new CapacityError('internal', String(error), { cause: error });
  }
  const { code, details, metadata } = error as ServiceError;
  const named = metadata?.get(codeHeader)[0];
  const exact = typeof named === 'string' && Object.hasOwn(errorCatalogue, named) ? (named as ErrorCode) : undefined;
  const sent = metadata?.get(detailHeader)[0];
  let detail: unknown;
  if (sent instanceof Buffer) {
    try {
      detail = JSON.parse(sent.toString('utf8')) as unknown;
    } catch {
      detail = undefined;
    }
  }
  const tooLarge = code === status.RESOURCE_EXHAUSTED && /larger than max/i.test(details ?? '');
  const meant = exact ?? (tooLarge ? 'too_large' : (codeOfStatus[code] ?? 'internal'));
  return new CapacityError(meant, details || error.message, { cause: error, detail });
}
