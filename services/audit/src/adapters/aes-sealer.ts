import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { AuditEntry, CapacityError, check } from '@capplan/contracts';
import type { ChainPlace, CheckpointLine, RecordLine, Sealer } from '../ports.ts';

export interface AuditKeys {
  /**
   * AES-256 keys, the current one first: 32 bytes in base64. Older ones only open. A key is known by its fingerprint;
   * records of earlier versions name it by its id, which several keys may share.
   */
  encryption: readonly { id: string; key: string }[];
  /** Ed25519 private key, PKCS 8 DER in base64. */
  signing: string;
  /** Public keys of earlier signers, SPKI DER in base64. */
  formerSigners?: readonly string[];
}

/** Far more than the chain lets an entry have. */
const entryBytesMax = 4 * 2 ** 20;

interface Ring {
  id: string;
  fingerprint: string;
  seal: Buffer;
  nonce: Buffer;
  tag: Buffer;
}

/**
 * Seals entries with AES-256-GCM and signs checkpoints with Ed25519. Entries are compressed first, because nothing
 * can compress them after: zlib's format begins with another byte than the plain JSON of earlier versions.
 *
 * The nonce is synthetic: a keyed digest of place and content, so that two replicas that race for the same place never
 * encrypt two texts under one nonce, and no random source is needed (the idea of RFC 5297). Place and key id are
 * authenticated along with the content: a record cannot be moved.
 *
 * @see NIST SP 800-38D (GCM), RFC 8032 (Ed25519), RFC 5869 for deriving one key per use
 */
export function createAesSealer(keys: AuditKeys): Sealer {
  const rings = keys.encryption.map(({ id, key }) => ringOf(id, key));
  const current = rings[0];
  if (!current) throw new CapacityError('invalid_input', 'the audit log needs at least one encryption key');
  const signer = privateKey(keys.signing);
  const ownPublic = createPublicKey(signer);
  const signers = new Map<string, KeyObject>([[signerId(ownPublic), ownPublic]]);
  for (const former of keys.formerSigners ?? []) {
    const key = createPublicKey({ key: Buffer.from(former, 'base64'), format: 'der', type: 'spki' });
    signers.set(signerId(key), key);
  }

  const ringsOf = ({ key_id }: RecordLine) =>
    rings.filter(({ id, fingerprint }) => fingerprint === key_id || id === key_id);

  return {
    tagsOf: (entryId) => rings.map((ring) => createHmac('sha256', ring.tag).update(entryId).digest('hex')),
    seal(entry, place) {
      const clear = deflateSync(JSON.stringify(entry));
      const bound = boundText(current.fingerprint, place);
      const iv = createHmac('sha256', current.nonce).update(bound).update('\n').update(clear).digest().subarray(0, 12);
      const cipher = createCipheriv('aes-256-gcm', current.seal, iv);
      cipher.setAAD(Buffer.from(bound, 'utf8'));
      const body = Buffer.concat([cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
      const line: RecordLine = {
        kind: 'record',
        sequence: place.sequence,
        id_tag: createHmac('sha256', current.tag).update(entry.id).digest('hex'),
        key_id: current.fingerprint,
        iv: iv.toString('base64'),
        sealed: body.toString('base64'),
        previous_hash: place.previousHash,
        previous_at: place.previousAt,
        appended_at: place.appendedAt,
        hash: '',
      };
      return { ...line, hash: hashOf(line) };
    },
    open(line) {
      const named = ringsOf(line);
      for (const ring of named) {
        const opened = openWith(ring, line);
        if (opened.ok || ring === named.at(-1)) return opened;
      }
      return { ok: false, reason: 'unknown_key', detail: `there is no key '${line.key_id}' in the ring` };
    },
    ownership(line) {
      if (line.kind === 'checkpoint') return signers.has(line.key_id) ? 'ours' : 'foreign';
      const named = ringsOf(line);
      if (named.length === 0) return 'foreign';
      const isCertain = named.some((ring) => ring.fingerprint === line.key_id || openWith(ring, line).ok);
      return isCertain ? 'ours' : 'unclear';
    },
    hashOf,
    sign({ sequence, hash, madeAt }) {
      const signature = sign(null, statement({ sequence, hash, made_at: madeAt }), signer).toString('base64');
      return { kind: 'checkpoint', sequence, hash, made_at: madeAt, key_id: signerId(ownPublic), signature };
    },
    isSigned(line) {
      const key = signers.get(line.key_id);
      return key !== undefined && verify(null, statement(line), key, Buffer.from(line.signature, 'base64'));
    },
  };
}

function openWith(ring: Ring, line: RecordLine): ReturnType<Sealer['open']> {
  try {
    const body = Buffer.from(line.sealed, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', ring.seal, Buffer.from(line.iv, 'base64'));
    decipher.setAAD(Buffer.from(boundText(line.key_id, placeOf(line)), 'utf8'));
    decipher.setAuthTag(body.subarray(-16));
    const clear = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]);
    const checked = check(AuditEntry, JSON.parse(textOf(clear)));
    if (checked.ok) return { ok: true, entry: checked.value };
    return { ok: false, reason: 'not_authentic', detail: checked.problems.join('; ') };
  } catch (error) {
    return { ok: false, reason: 'not_authentic', detail: String(error) };
  }
}

function textOf(clear: Buffer): string {
  const isPlain = clear[0] === '{'.charCodeAt(0);
  return (isPlain ? clear : inflateSync(clear, { maxOutputLength: entryBytesMax })).toString('utf8');
}

function ringOf(id: string, keyText: string): Ring {
  const key = Buffer.from(keyText, 'base64');
  if (key.length !== 32) {
    throw new CapacityError(
      'invalid_input',
      `audit key '${id}' has ${key.length} bytes; AES-256 needs 32 bytes in base64 (openssl rand -base64 32)`,
    );
  }
  const derive = (use: string) => createHmac('sha256', key).update(`capacity-audit/${use}`).digest();
  // No name that stands before a colon in the settings can be one.
  const fingerprint = `fp:${derive('fingerprint').toString('hex').slice(0, 32)}`;
  return { id, fingerprint, seal: derive('seal'), nonce: derive('nonce'), tag: derive('tag') };
}

function privateKey(text: string): KeyObject {
  try {
    const key = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new CapacityError('invalid_input', 'the audit signing key is not PKCS 8 DER in base64', { cause });
  }
  throw new CapacityError('invalid_input', 'the audit signing key is not an Ed25519 key');
}

function signerId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16);
}

function placeOf(line: RecordLine): ChainPlace {
  return {
    sequence: line.sequence,
    previousHash: line.previous_hash,
    previousAt: line.previous_at,
    appendedAt: line.appended_at,
  };
}

function boundText(keyId: string, place: ChainPlace): string {
  return [keyId, place.sequence, place.previousHash, place.previousAt ?? '-', place.appendedAt].join('\n');
}

function hashOf(line: RecordLine): string {
  return createHash('sha256')
    .update([boundText(line.key_id, placeOf(line)), line.id_tag, line.iv, line.sealed].join('\n'))
    .digest('hex');
}

function statement(line: Pick<CheckpointLine, 'sequence' | 'hash' | 'made_at'>): Buffer {
  return Buffer.from(`capacity-audit-checkpoint\n${line.sequence}\n${line.hash}\n${line.made_at}`, 'utf8');
}
