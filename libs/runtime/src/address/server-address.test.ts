import { expect } from 'chai';
import fc from 'fast-check';
import { readHost, readServerAddresses, readUserInfo, withoutSecrets } from './server-address.ts';

describe('withoutSecrets', () => {
  const cases: [string, string][] = [
    ['nats://127.0.0.1:4222', 'nats://127.0.0.1:4222'],
    ['127.0.0.1:4222', '127.0.0.1:4222'],
    ['/run/redis.sock', '/run/redis.sock'],
    ['nats://ada:word@n.example:4222', 'nats://***@n.example:4222'],
    ['nats://token@n.example', 'nats://***@n.example'],
    ['ada:word@n.example', '***@n.example'],
    ['redis://:word@r.example:6379/2', 'redis://***@r.example:6379/2'],
    ['redis://ada:p@ss@r.example', 'redis://***@r.example'],
    ['redis://ada:p/ss@r.example', 'redis://***@r.example'],
    ['redis://ada:p#ss@r.example', 'redis://***@r.example'],
    ['redis://ada:p?ss@r.example', 'redis://***'],
    ['redis://ada:p%40ss@r.example', 'redis://***@r.example'],
    ['redis://ada:p ss,wd@r.example', 'redis://***@r.example'],
    ['redis://r.example?password=word', 'redis://r.example?***'],
    ['redis://r.example/1?password=w@rd', 'redis://***'],
    ['rediss://ada:word@[::1]:6380', 'rediss://***@[::1]:6380'],
    ['nats://u:p@a:4222,nats://u:p@b:4222', 'nats://***@a:4222,nats://***@b:4222'],
    ['nats://u:p@a:4222, tls://b:4222', 'nats://***@a:4222,tls://b:4222'],
    ['nats://u:p@a:4222,b:4222', 'nats://***@a:4222,b:4222'],
    // Whether `a` is a host, or the beginning of a password that holds `,nats://`, nobody can say.
    ['nats://a:4222,nats://u:p@b:4222', '***,nats://***@b:4222'],
    ['nats://u:p@a,nats://other:q@b', '***,nats://***@b'],
    ['redis://not a host', 'redis://***'],
  ];
  for (const [text, shown] of cases) {
    it(`shows ${text} as ${shown}`, () => expect(withoutSecrets(text)).to.equal(shown));
  }

  const place = fc.constantFrom('h', 'h:1', '[::1]:1');
  const word = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '@',
          '/',
          '#',
          '?',
          ',',
          ':',
          '%40',
          '%',
          '//',
          ' ',
          '\n',
          '://',
          ',nats://',
          '@evil',
          ',redis://x@',
        ),
        fc.stringMatching(/^[a-z]{1,6}$/),
        fc.string({ unit: 'grapheme', maxLength: 4 }),
      ),
      { maxLength: 8 },
    )
    // Letters that stand nowhere else, so that a piece of the password is known when it is seen.
    .map((parts) => `Q${parts.map((part) => part.replaceAll(/[a-z]/g, 'Q')).join('')}Q`);

  it('never shows a piece of a password, whatever it holds, in one address or in a list', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('nats', 'tls', 'redis', 'rediss'),
        fc.constantFrom('', 'u'),
        word,
        fc.boolean(),
        fc.array(place, { minLength: 1, maxLength: 3 }),
        (scheme, user, password, isEncoded, places) => {
          const written = isEncoded ? encodeURIComponent(password) : password;
          const text = places.map((host) => `${scheme}://${user}:${written}@${host}`).join(',');
          const shown = withoutSecrets(text);
          expect(shown).not.to.match(/[Q%]/);
          if (!/[?]|:\/\//.test(written)) expect(shown.endsWith(`@${places.at(-1)}`)).to.equal(true);
        },
      ),
      { seed: 11, numRuns: 5_000 },
    );
  });

  it('never shows a piece of a token, nor of what stands behind a question mark', () => {
    fc.assert(
      fc.property(word, (token) => {
        expect(withoutSecrets(`nats://${token}@h:1`)).not.to.include('Q');
        expect(withoutSecrets(`redis://h:1/0?password=${token}`)).not.to.include('Q');
      }),
      { seed: 12, numRuns: 2_000 },
    );
  });
});

describe('readServerAddresses', () => {
  it('finds the host behind the last @, whatever the password holds', () => {
    expect(readServerAddresses('redis://ada:p@s/s#w,d@r.example:1/2')).to.deep.equal([
      { scheme: 'redis', userInfo: 'ada:p@s/s#w,d', hosts: ['r.example:1'], rest: '/2' },
    ]);
  });

  it('parts a list where a scheme follows, and hosts of one scheme by comma', () => {
    expect(readServerAddresses('nats://a:1, b:2 ,TLS://c').map(({ scheme, hosts }) => [scheme, hosts])).to.deep.equal([
      ['nats', ['a:1', 'b:2']],
      ['tls', ['c']],
    ]);
  });
});

describe('readHost', () => {
  const cases: [string, { name: string; port: number | undefined } | undefined][] = [
    ['a.b-c_d', { name: 'a.b-c_d', port: undefined }],
    ['a:1', { name: 'a', port: 1 }],
    ['[::1]:6379', { name: '::1', port: 6379 }],
    ['', undefined],
    ['a:', undefined],
    ['a:b', undefined],
    ['a:65536', undefined],
    ['a b', undefined],
    ['::1', undefined],
  ];
  for (const [text, found] of cases) it(`reads '${text}'`, () => expect(readHost(text)).to.deep.equal(found));
});

describe('readUserInfo', () => {
  it('reads back every user and password that was percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (user, password) => {
        const written = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
        expect(readUserInfo(written)).to.deep.equal({ user, password });
      }),
      { seed: 13 },
    );
  });

  it('takes a password that is not encoded as it stands', () => {
    expect(readUserInfo('ada:50% of:it')).to.deep.equal({ user: 'ada', password: '50% of:it' });
    expect(readUserInfo('token')).to.deep.equal({ user: 'token', password: undefined });
  });
});
