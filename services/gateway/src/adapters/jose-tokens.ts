import { createPublicKey, type KeyObject } from 'node:crypto';
import { CapacityError } from '@capplan/contracts';
import {
  createRemoteJWKSet,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';
import type { TokenVerifier } from '../ports.ts';

interface TokenRules {
  issuer: string;
  audience: string;
}

/** Verifies tokens of an identity provider by its published keys. */
export function createJwksVerifier(jwksUrl: string, rules: TokenRules): TokenVerifier {
  return verifierOf(createRemoteJWKSet(new URL(jwksUrl)), rules);
}

export interface LocalTokens extends TokenVerifier {
  issue(
    token: { subject: string; roles: string[]; amr?: string[]; lifetimeSec?: number },
    nowMs: number,
  ): Promise<string>;
}

/** Issues and verifies tokens with one Ed25519 key, for installations without an identity provider. */
export async function createLocalTokens(privateKeyPem: string, rules: TokenRules): Promise<LocalTokens> {
  const privateKey = await importPKCS8(privateKeyPem, 'EdDSA');
  const publicKey = createPublicKey(privateKeyPem);
  return {
    ...verifierOf(publicKey, rules),
    issue: ({ subject, roles, amr = ['pwd'], lifetimeSec = 43_200 }, nowMs) => {
      const nowSec = Math.floor(nowMs / 1000);
      return new SignJWT({ roles, amr })
        .setProtectedHeader({ alg: 'EdDSA' })
        .setSubject(subject)
        .setIssuer(rules.issuer)
        .setAudience(rules.audience)
        .setIssuedAt(nowSec)
        .setExpirationTime(nowSec + Math.min(lifetimeSec, 86_400))
        .sign(privateKey);
    },
  };
}

/** A new private key, PKCS 8 PEM. */
export async function generateLocalKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  return exportPKCS8(privateKey);
}

function verifierOf(key: KeyObject | JWTVerifyGetKey, { issuer, audience }: TokenRules): TokenVerifier {
  const options = {
    issuer,
    audience,
    algorithms: ['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256'],
    maxTokenAge: '24h',
    clockTolerance: 5,
    requiredClaims: ['sub', 'iat', 'exp'],
  };
  return {
    verify: async (token) => {
      try {
        const verified =
          typeof key === 'function' ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options);
        return verified.payload;
      } catch (error) {
        throw new CapacityError(
          'unauthenticated',
          `the token is not valid: ${error instanceof Error ? error.message : 'unreadable'}`,
          { cause: error },
        );
      }
    },
  };
}
