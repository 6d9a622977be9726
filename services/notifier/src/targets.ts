import { type Checked, check, strict } from '@capplan/contracts';
import Type, { type Static } from 'typebox';

/** Somebody who wants to hear. */
export const WebhookTarget = Type.Object({
  name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' }),
  url: Type.String({ pattern: '^https?://', maxLength: 2048 }),
  events: Type.Optional(
    Type.Array(Type.String({ pattern: '^(\\*|[a-z_]+\\.(\\*|[a-z_]+))$' }), {
      minItems: 1,
      maxItems: 64,
      description: 'Event types, `plan.*` or `*`; default: what asks for a person',
    }),
  ),
  namespaces: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 256 })),
  secret: Type.Optional(Type.String({ minLength: 16, maxLength: 512, description: 'Signs what is sent' })),
  include_cost: Type.Optional(Type.Boolean({ description: 'Its readers may see cost data; default false' })),
});
export type WebhookTarget = Static<typeof WebhookTarget>;

const Targets = strict(Type.Array(WebhookTarget, { maxItems: 64 }));

/**
 * Reads the list of targets from JSON text. Every problem is named.
 *
 * @example parseTargets('[{"name":"ops","url":"https://hooks.example.com/x"}]')
 */
export function parseTargets(text: string): Checked<WebhookTarget[]> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text === '' ? '[]' : text);
  } catch {
    // What a parser says of a text holds a piece of it, and a secret may stand there.
    return { ok: false, problems: ['the list of webhooks is not JSON'] };
  }
  const checked = check(Targets, parsed);
  if (!checked.ok) return checked;
  const names = checked.value.map((target) => target.name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0) return { ok: false, problems: [`webhook names must differ: ${twice.join(', ')}`] };
  const broken = checked.value.filter((target) => !URL.canParse(target.url)).map((target) => target.name);
  if (broken.length > 0) return { ok: false, problems: [`no usable url: ${broken.join(', ')}`] };
  const named = checked.value.filter((target) => namesUser(target.url)).map((target) => target.name);
  if (named.length > 0) {
    return {
      ok: false,
      problems: [`a user or password in a url is not sent; give a secret instead: ${named.join(', ')}`],
    };
  }
  return checked;
}

function namesUser(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}
