import type { Actor } from '@capplan/contracts';

/** What one may be allowed to do. */
export const permissions = [
  'capacity:read',
  'metrics:read',
  'plans:read',
  'capacity:plan',
  'capacity:simulate',
  'capacity:import',
  'plans:apply_manual',
  'plans:manage',
  'policies:manage',
  'pools:manage',
  'auto_scaling:enable',
  'audit:read',
  'cost:read',
] as const;
export type Permission = (typeof permissions)[number];

export const roles = ['viewer', 'operator', 'admin', 'finance'] as const;
export type Role = (typeof roles)[number];

const viewer: readonly Permission[] = ['capacity:read', 'metrics:read', 'plans:read'];
const operator: readonly Permission[] = [...viewer, 'capacity:plan', 'capacity:simulate', 'plans:apply_manual'];
const admin: readonly Permission[] = [
  ...operator,
  'capacity:import',
  'plans:manage',
  'policies:manage',
  'pools:manage',
  'auto_scaling:enable',
  'audit:read',
];

/** admin ⊃ operator ⊃ viewer; finance stands apart: it alone sees money, and changes nothing. */
export const permissionsOf: Record<Role, readonly Permission[]> = {
  viewer,
  operator,
  admin,
  finance: [...viewer, 'cost:read'],
};

/** What a verified token says about its bearer. */
export interface Identity {
  subject: string;
  roles: readonly Role[];
  /** The token was issued after a second factor (RFC 8176 `amr`). */
  secondFactor: boolean;
}

/** `amr` values that stand for something beyond a password. */
const strongMethods = new Set(['mfa', 'otp', 'hwk', 'swk', 'fpt', 'face', 'sms', 'pop']);

export type IdentityVerdict = { ok: true; identity: Identity } | { ok: false; reason: string };

/**
 * Reads the claims of a token whose signature and times have been verified.
 *
 * A token must name its subject and when it was issued and expires, at most 24 hours apart. Roles may carry the
 * prefix `capacity_`; unknown roles give nothing.
 */
export function identityOf(claims: Record<string, unknown>): IdentityVerdict {
  const { sub, iat, exp } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > 128)
    return { ok: false, reason: 'the token has no subject' };
  if (typeof iat !== 'number' || typeof exp !== 'number') return { ok: false, reason: 'the token has no iat or exp' };
  if (exp - iat > 86_400) return { ok: false, reason: 'the token is valid for more than 24 hours' };
  const named = Array.isArray(claims.roles) ? claims.roles : typeof claims.role === 'string' ? [claims.role] : [];
  const known = named
    .map((role) => String(role).replace(/^capacity_/, ''))
    .filter((role): role is Role => (roles as readonly string[]).includes(role));
  const methods = Array.isArray(claims.amr) ? claims.amr : [];
  return {
    ok: true,
    identity: {
      subject: sub,
      roles: [...new Set(known)],
      secondFactor: methods.some((method) => strongMethods.has(String(method))),
    },
  };
}

export function may(identity: Identity, permission: Permission): boolean {
  return identity.roles.some((role) => permissionsOf[role].includes(permission));
}

export function actorOf(identity: Identity): Actor {
  return { id: identity.subject, kind: 'user', roles: [...identity.roles], second_factor: identity.secondFactor };
}

const costFields = new Set([
  'cost',
  'cost_impact',
  'cost_per_hour',
  'cost_per_hour_before',
  'cost_per_hour_after',
  'expected_cost',
  'worker_cost_per_hour',
  'violation_cost_per_minute',
  'large_change_cost_per_hour',
  'hourly_budget',
  'monthly_budget',
]);

/**
 * The same value without its money: cost fields are absent, not zeroed.
 */
export function withoutCost<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutCost) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field]) => !costFields.has(field))
      .map(([field, inner]) => [field, withoutCost(inner)]),
  ) as T;
}

/** A policy that lets plans be carried out unasked needs its own permission. */
export function permissionForPolicy(mode: 'auto' | 'manual' | 'advisory'): Permission {
  return mode === 'auto' ? 'auto_scaling:enable' : 'policies:manage';
}
