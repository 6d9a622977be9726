import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { CapacityError, check } from '@capplan/contracts';
import { makeFileOnce } from '@capplan/runtime';
import Type from 'typebox';
import type { AuditKeys } from './aes-sealer.ts';

const KeyFile = Type.Object({
  encryption: Type.Array(Type.Object({ id: Type.String(), key: Type.String() }), { minItems: 1 }),
  signing: Type.String(),
  formerSigners: Type.Optional(Type.Array(Type.String())),
});

/** New random keys. */
export function makeAuditKeys(): AuditKeys {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    encryption: [{ id: 'local-1', key: randomBytes(32).toString('base64') }],
    signing: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
}

/**
 * Keys for local use: read from a file, or made there on the first start, readable by its owner alone (mode 0600).
 * Whoever starts second finds the first one's keys, because the file is only ever created, never replaced.
 */
export function readOrMakeAuditKeys(path: string): AuditKeys {
  if (!existsSync(path)) makeFileOnce(path, `${JSON.stringify(makeAuditKeys(), null, 2)}\n`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CapacityError('invalid_input', `the audit key file ${path} cannot be read`, { cause });
  }
  const checked = check(KeyFile, parsed);
  if (!checked.ok) {
    throw new CapacityError('invalid_input', `the audit key file ${path} is damaged: ${checked.problems.join('; ')}`);
  }
  return checked.value;
}

/** `id:base64,id:base64`, the current key first, as it stands in the environment. */
export function parseEncryptionKeys(text: string): AuditKeys['encryption'] {
  return text.split(',').map((part) => {
    const colon = part.indexOf(':');
    if (colon <= 0) {
      throw new CapacityError('invalid_input', 'audit keys are written id:base64, separated by commas');
    }
    return { id: part.slice(0, colon).trim(), key: part.slice(colon + 1).trim() };
  });
}
