import type { Webhook, WebhookCall, WebhookResult } from '../ports.ts';

export interface MemoryWebhook extends Webhook {
  /** Every call that arrived, refused ones included. */
  readonly calls: WebhookCall[];
  /** How the next calls end; the last one stays. */
  answers: WebhookResult[];
}

/** The twin: keeps calls and answers as told. */
export function createMemoryWebhook({
  isAllowed = () => true,
}: {
  isAllowed?: (url: string) => boolean;
} = {}): MemoryWebhook {
  const twin: MemoryWebhook = {
    calls: [],
    answers: [{ ok: true, status: 200 }],
    call: async (call) => {
      if (!isAllowed(call.url)) {
        return { ok: false, reason: 'not_allowed', retryable: false, detail: 'its host is not on the list' };
      }
      twin.calls.push(call);
      const answer = twin.answers.length > 1 ? twin.answers.shift() : twin.answers[0];
      return answer ?? { ok: true, status: 200 };
    },
  };
  return twin;
}
