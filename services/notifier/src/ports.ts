/** One call of one target. */
export interface WebhookCall {
  url: string;
  body: string;
  headers: Record<string, string>;
  timeoutMs: number;
}

export type WebhookResult =
  | { ok: true; status: number }
  | {
      ok: false;
      /** `refused`: it answered with an error. `not_allowed`: its host is not on the list. */
      reason: 'timeout' | 'unreachable' | 'refused' | 'not_allowed';
      /** Whether asking again may help. */
      retryable: boolean;
      detail: string;
    };

/** Calls somebody outside. Never throws; never follows a redirect. */
export interface Webhook {
  call(call: WebhookCall): Promise<WebhookResult>;
}

/** Signs a body with a target's secret: hex of HMAC-SHA256 over `<seconds>.<body>`. */
export type SignBody = (input: { secret: string; seconds: number; body: string }) => string;

export interface NotifierPorts {
  webhook: Webhook;
  sign: SignBody;
}
