import type { Webhook, WebhookResult } from '../ports.ts';

/**
 * Calls over HTTP. `isAllowed` is asked before every call; a redirect is not followed, because it could lead to a host
 * that is not allowed. What comes back is not read.
 */
export function createFetchWebhook({ isAllowed }: { isAllowed: (url: string) => boolean }): Webhook {
  return {
    call: async ({ url, body, headers, timeoutMs }): Promise<WebhookResult> => {
      if (!isAllowed(url)) {
        return { ok: false, reason: 'not_allowed', retryable: false, detail: 'its host is not on the list' };
      }
      try {
        const response = await fetch(url, {
          method: 'POST',
          body,
          headers,
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
        });
        await response.body?.cancel();
        if (response.ok) return { ok: true, status: response.status };
        const retryable = response.status >= 500 || response.status === 408 || response.status === 429;
        return { ok: false, reason: 'refused', retryable, detail: `HTTP ${response.status}` };
      } catch (error) {
        const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
        return isTimeout
          ? { ok: false, reason: 'timeout', retryable: true, detail: `no answer within ${timeoutMs} ms` }
          : { ok: false, reason: 'unreachable', retryable: true, detail: cause };
      }
    },
  };
}
