import { InputError } from './command.ts';

/** What a command may ask of a running system. */
export interface GatewayClient {
  get<T>(path: string, query: Record<string, string>): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

/** Help for the options that say where a running system is. */
export const gatewayHelp = `  --api URL            where the API is (default CAPPLAN_API, else http://127.0.0.1:8080)
  --token TOKEN        who asks (default CAPPLAN_TOKEN)`;

export const gatewayOptions = { api: { type: 'string' }, token: { type: 'string' } } as const;

const root = '/api/v1/capacity';
/** Tries of one request while the system is away or busy; a limit is waited for as often as it is met. */
const triesMax = 6;
const firstWaitMs = 500;
const answerTimeoutMs = 60_000;

/** Refusals that whoever runs the command can mend. */
const mendable = new Set([400, 401, 403, 404, 413, 422]);

interface Problem {
  detail?: string;
  problems?: string[];
}

/**
 * Opens the way to a running system. What is busy, limited or away for a moment is asked again; a request is repeated
 * only when it is safe to carry it out twice.
 *
 * @throws InputError without a token, or for an address that is none
 */
export function connectGateway(
  values: { api?: string | undefined; token?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): GatewayClient {
  const token = values.token ?? env.CAPPLAN_TOKEN ?? '';
  if (token === '') throw new InputError('--token: say who asks, with --token or CAPPLAN_TOKEN');
  const base = addressOf(values.api ?? env.CAPPLAN_API ?? 'http://127.0.0.1:8080');

  const ask = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    let waitMs = firstWaitMs;
    for (let tries = 1; ; ) {
      const answer = await fetch(`${base}${root}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(answerTimeoutMs),
      }).catch((error: unknown) => error as Error);
      if (!(answer instanceof Error)) {
        if (answer.ok) return (await answer.json()) as T;
        const problem = (await answer.json().catch(() => ({}))) as Problem;
        const said = [problem.detail ?? `status ${answer.status}`, ...(problem.problems ?? []).slice(1)].join('\n  ');
        if (mendable.has(answer.status)) throw new InputError(said);
        if (answer.status !== 429 && (answer.status < 500 || tries >= triesMax)) throw new Error(said);
        waitMs = Math.max(waitMs, 1000 * Number(answer.headers.get('retry-after') ?? 0));
        if (answer.status !== 429) tries += 1;
      } else {
        if (tries >= triesMax) throw new Error(`${base}: no answer (${reasonOf(answer)})`);
        tries += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      waitMs = Math.min(8_000, 2 * waitMs);
    }
  };

  return {
    get: (path, query) => ask('GET', `${path}?${new URLSearchParams(query).toString()}`),
    post: (path, body) => ask('POST', path, body),
  };
}

function addressOf(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InputError(`--api: '${text}' is not an address; write for example http://127.0.0.1:8080`);
  }
  return text.replace(/\/+$/, '').replace(/\/api\/v1\/capacity$/, '');
}

function reasonOf(error: Error): string {
  const cause = error.cause as { code?: string } | undefined;
  return cause?.code ?? error.message;
}
