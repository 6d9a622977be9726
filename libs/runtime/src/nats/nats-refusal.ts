import { AuthorizationError, UserAuthenticationExpiredError } from '@nats-io/nats-core';

/** Errors of certificates that trying again does not mend. */
const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * What a server refused a client for at its first connection, and what to do about it; undefined when trying again may
 * help.
 *
 * @param shownBy the setting by which the client shows who it is; undefined when it shows nothing
 */
export function natsRefusal(error: unknown, shownBy: string | undefined): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  // A server that is slow has not yet judged.
  const isJudged = error instanceof AuthorizationError && !/timeout/i.test(message);
  if (isJudged || error instanceof UserAuthenticationExpiredError) {
    return shownBy === undefined
      ? `the server lets nobody in unnamed (${message}); set NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY_SEED or NATS_CREDS_FILE`
      : `the server refuses ${shownBy} (${message}); give those of a user that the server knows`;
  }
  const code = codeOf(error);
  if (code !== undefined && (certificateCodes.has(code) || code.startsWith('ERR_SSL_'))) {
    return `no trusted TLS connection (${code}: ${message}); check NATS_CA_FILE, NATS_CERT_FILE, NATS_KEY_FILE and the name in the address`;
  }
  if (/does not support 'tls'/.test(message)) {
    return 'the server offers no TLS; write nats:// and leave NATS_CA_FILE and NATS_CERT_FILE out, or turn TLS on there';
  }
  return undefined;
}

function codeOf(error: Error): string | undefined {
  for (const found of [error, error.cause]) {
    const code = found instanceof Error ? (found as NodeJS.ErrnoException).code : undefined;
    if (typeof code === 'string') return code;
  }
  return undefined;
}
