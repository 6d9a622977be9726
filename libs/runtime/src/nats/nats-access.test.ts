import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCapacityError } from '@capplan/contracts';
import { nkeys } from '@nats-io/nats-core';
import { expect } from 'chai';
import fc from 'fast-check';
import { natsDoor } from './nats-access.ts';
import type { NatsAccess } from './nats-settings.ts';

const seed = new TextDecoder().decode(nkeys.createUser().getSeed());

function refusal(url: string, access: NatsAccess): string | undefined {
  try {
    natsDoor(url, access);
    return undefined;
  } catch (error) {
    if (!isCapacityError(error, 'invalid_input')) throw error;
    return error.message;
  }
}

describe('natsDoor', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'capacity-planner-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const shown: [string, NatsAccess, object | undefined][] = [
    ['nats://h:1', {}, undefined],
    ['nats://h:1', { natsUser: '', natsPassword: '', natsToken: '', natsNkeySeed: '', natsCredsFile: '' }, undefined],
    ['nats://ada:word@h:1', {}, { user: 'ada', pass: 'word' }],
    ['nats://ada:w@r/d#4,2%40@h:1', {}, { user: 'ada', pass: 'w@r/d#4,2@' }],
    ['nats://ada:1234@h:1, nats://ada:1234@i:2', {}, { user: 'ada', pass: '1234' }],
    ['nats://tok%3Aen@h:1', {}, { auth_token: 'tok:en' }],
    ['nats://h:1', { natsUser: 'ada', natsPassword: 'w@rd' }, { user: 'ada', pass: 'w@rd' }],
    ['nats://h:1', { natsToken: 'token' }, { auth_token: 'token' }],
  ];
  for (const [url, access, auth] of shown) {
    it(`shows ${JSON.stringify(auth)} for ${url} and ${JSON.stringify(access)}`, () => {
      const door = natsDoor(url, access);
      expect(door.servers[0]).to.equal('h:1');
      expect(door.authenticator?.('nonce')).to.deep.equal(auth);
    });
  }

  it('signs what the server asks with the seed', () => {
    const auth = natsDoor('h', { natsNkeySeed: `${seed}\n` }).authenticator?.('nonce');
    expect(auth).to.have.property('nkey').that.matches(/^U/);
    expect(auth).to.have.property('sig').that.is.not.empty;
  });

  it('reads the credentials file again at every connection, and keeps the last good ones', () => {
    const path = join(folder, 'user.creds');
    const write = (token: string) =>
      writeFileSync(
        path,
        `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n` +
          `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
      );
    write('first');
    const { authenticator } = natsDoor('h', { natsCredsFile: path });
    expect(authenticator?.('nonce')).to.include({ jwt: 'first' });
    write('second');
    expect(authenticator?.('nonce')).to.include({ jwt: 'second' });
    writeFileSync(path, 'half');
    expect(authenticator?.('nonce')).to.include({ jwt: 'second' });
    rmSync(path);
    expect(authenticator?.('nonce')).to.include({ jwt: 'second' });
  });

  it('asks for TLS where the address, an authority or a certificate says so', () => {
    const file = join(folder, 'some.pem');
    writeFileSync(file, 'pem');
    expect(natsDoor('nats://h').tls).to.equal(undefined);
    expect(natsDoor('tls://h').tls).to.deep.equal({});
    expect(natsDoor('nats://h', { natsCa: file }).tls).to.deep.equal({ ca: 'pem' });
    expect(natsDoor('h', { natsCert: file, natsKey: file }).tls).to.deep.equal({ cert: 'pem', key: 'pem' });
  });

  it('refuses in a sentence that says what to do and shows no secret', () => {
    const none = join(folder, 'none');
    const bad = join(folder, 'bad.creds');
    writeFileSync(bad, 'SECRET');
    const cases: [string, NatsAccess, string][] = [
      ['http://SECRET@h', {}, 'the scheme http:// of the address is not supported; write nats:// or tls://'],
      ['nats://u:SECRET@h/path', {}, 'put it right (NATS_URL)'],
      ['nats://u:SECRET@', {}, 'put it right (NATS_URL)'],
      ['nats://u:SECRET@h:port', {}, 'put it right (NATS_URL)'],
      ['nats://u:SECRET@h,nats://v:SECRET@i', {}, 'give all servers of the list the same one'],
      ['nats://u:SECRET@h', { natsToken: 'SECRET' }, 'the user and password in NATS_URL and NATS_TOKEN are both given'],
      ['h', { natsUser: 'u', natsPassword: 'SECRET', natsToken: 'SECRET' }, 'keep one of them'],
      ['h', { natsPassword: 'SECRET' }, 'set NATS_USER too'],
      ['h', { natsNkeySeed: 'SUSECRET' }, 'begins with SU'],
      ['h', { natsNkeySeed: new TextDecoder().decode(nkeys.createAccount().getSeed()) }, 'begins with SU'],
      ['h', { natsCredsFile: none }, `the file ${none} cannot be read (ENOENT); see NATS_CREDS_FILE`],
      ['h', { natsCredsFile: bad }, "does not hold a user's token and seed"],
      ['h', { natsCa: none }, 'see NATS_CA_FILE'],
      ['h', { natsCert: bad }, 'set NATS_CERT_FILE and NATS_KEY_FILE'],
    ];
    for (const [url, access, why] of cases) {
      const said = refusal(url, access);
      expect(said, `${url} ${Object.keys(access).join()}`).to.include(why);
      expect(said).not.to.include('SECRET');
    }
  });

  it('sends every password that is percent-encoded in the URL as it is meant', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
        const door = natsDoor(`nats://ada:${encodeURIComponent(password)}@h:4222,nats://i:1`);
        expect(door.servers).to.deep.equal(['h:4222', 'i:1']);
        expect(door.authenticator?.('nonce')).to.deep.equal({ user: 'ada', pass: password });
      }),
      { seed: 21 },
    );
  });
});
