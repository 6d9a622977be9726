import { createHmac } from 'node:crypto';
import type { SignBody } from '../ports.ts';

/**
 * HMAC-SHA256 over the time and the body, so that neither can be changed and an old call cannot be sent again later.
 *
 * @example signBody({ secret, seconds: 1_789_000_000, body }) // 64 hex digits
 */
export const signBody: SignBody = ({ secret, seconds, body }) =>
  createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
