import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { describeAuditLogConformance } from '../conformance/audit-log.ts';
import { createAesSealer } from './aes-sealer.ts';
import { makeAuditKeys, parseEncryptionKeys, readOrMakeAuditKeys } from './key-file.ts';
import { createMemoryAuditLog } from './memory-log.ts';

const keys = makeAuditKeys();
const entry = {
  id: 'one',
  actor: 'ada',
  action: 'policy.put',
  target: 'default',
  outcome: 'allowed',
  time: '2026-03-01T12:00:00.000Z',
  detail: null,
};
const place = { sequence: 1, previousHash: '0'.repeat(64), previousAt: null, appendedAt: '2026-03-01T12:00:00.000Z' };

describeAuditLogConformance('the in-memory fake', async () => {
  const log = createMemoryAuditLog();
  return { log, other: log, close: async () => undefined };
});

describe('createAesSealer', () => {
  const sealer = createAesSealer(keys);

  it('opens what it sealed', () => {
    expect(sealer.open(sealer.seal(entry, place))).to.deep.equal({ ok: true, entry });
  });

  it('takes less room than the entry has', () => {
    const detail = {
      steps: Array.from({ length: 20 }, (_, i) => ({ from_workers: i, to_workers: i + 1, reason: 'sized' })),
    };
    const large = { ...entry, detail };
    const { sealed } = sealer.seal(large, place);
    expect(sealed.length).to.be.lessThan(JSON.stringify(large).length / 2);
    expect(sealer.open(sealer.seal(large, place))).to.deep.equal({ ok: true, entry: large });
  });

  it('never uses one nonce for two texts, and gives the same line for the same text and place', () => {
    expect(sealer.seal(entry, place)).to.deep.equal(sealer.seal(entry, place));
    expect(sealer.seal({ ...entry, outcome: 'refused' }, place).iv).to.not.equal(sealer.seal(entry, place).iv);
    expect(sealer.seal(entry, { ...place, sequence: 2 }).iv).to.not.equal(sealer.seal(entry, place).iv);
  });

  it('does not open a record that was moved to another place', () => {
    const moved = { ...sealer.seal(entry, place), sequence: 2 };
    expect(sealer.open(moved)).to.include({ ok: false, reason: 'not_authentic' });
  });

  it('says which key is wrong and how to make a right one', () => {
    expect(() => createAesSealer({ ...keys, encryption: [{ id: 'short', key: 'AAAA' }] })).to.throw(
      "audit key 'short' has 3 bytes",
    );
    expect(() => createAesSealer({ ...keys, signing: 'AAAA' })).to.throw('PKCS 8');
    expect(() => parseEncryptionKeys('AAAA')).to.throw('id:base64');
    expect(parseEncryptionKeys('b:QUFB,a:QkJC')).to.deep.equal([
      { id: 'b', key: 'QUFB' },
      { id: 'a', key: 'QkJC' },
    ]);
  });
});

describe('readOrMakeAuditKeys', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'capplan-audit-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes keys once, for the owner alone, and finds them again', () => {
    const path = join(folder, 'deep', 'keys.json');
    const made = readOrMakeAuditKeys(path);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readOrMakeAuditKeys(path)).to.deep.equal(made);
  });

  it('refuses a damaged file instead of replacing the keys that still open the log', () => {
    const path = join(folder, 'keys.json');
    writeFileSync(path, '{"encryption": []}');
    expect(() => readOrMakeAuditKeys(path)).to.throw('is damaged');
    writeFileSync(path, 'not json');
    expect(() => readOrMakeAuditKeys(path)).to.throw('cannot be read');
  });
});
