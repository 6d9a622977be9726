import { isCapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import fc from 'fast-check';
import { checkRedisMode, type RedisPlace, readRedisAddress } from './redis-address.ts';

function refusal(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (!isCapacityError(error, 'invalid_input')) throw error;
    return error.message;
  }
}

describe('readRedisAddress', () => {
  const cases: [string, RedisPlace][] = [
    ['redis://127.0.0.1:6379', { host: '127.0.0.1', port: 6379, db: 0 }],
    ['redis://r.example/', { host: 'r.example', port: 6379, db: 0 }],
    ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000, db: 0 }],
    ['redis://:word@[::1]:7000/2', { host: '::1', port: 7000, password: 'word', db: 2 }],
    [
      'rediss://ada:p@s/s#w,d%40%25@r.example:6380/15',
      { host: 'r.example', port: 6380, username: 'ada', password: 'p@s/s#w,d@%', db: 15, tls: {} },
    ],
    ['/run/redis.sock', { path: '/run/redis.sock' }],
  ];
  for (const [url, place] of cases) it(`reads ${url}`, () => expect(readRedisAddress(url)).to.deep.equal(place));

  it('refuses Sentinels, Clusters, lists of hosts and what is no address with a sentence that says what to do', () => {
    const refused: [string, string, string?][] = [
      ['redis+sentinel://u:secret@a:26379/mymaster', 'a Redis sentinel is not supported'],
      ['sentinel://a:26379', 'a Redis sentinel is not supported'],
      ['redis-sentinel://a:26379,b:26379/0', 'a Redis sentinel is not supported'],
      ['redis-cluster://a:6379', 'a Redis cluster is not supported'],
      ['rediss+cluster://a:6379,b:6379', 'a Redis cluster is not supported'],
      ['redis://a:6379,b:6379', 'several hosts are not supported'],
      ['a:6379,b:6379', 'several hosts are not supported'],
      ['redis://a:6379,redis://b:6379', 'several hosts are not supported'],
      ['redis://u:secret@a:6379,b:6379', 'several hosts are not supported'],
      ['http://secret@a', 'the scheme http:// is none of Redis'],
      ['nats://a', 'the scheme nats:// is none of Redis'],
      ['redis://u:secret@', 'it is not redis://'],
      ['redis://u:secret@a:port', 'it is not redis://'],
      ['redis://u:secret@a/base', 'it is not redis://'],
      ['redis://u:secret@a#0', 'it is not redis://'],
      ['redis://a?password=secret', 'nothing may stand behind a ?', 'leave it out'],
    ];
    for (const [url, why, remedy = 'give one redis://'] of refused) {
      const said = refusal(() => readRedisAddress(url));
      expect(said, url).to.include(why).and.include(remedy);
      expect(said).not.to.include('secret');
    }
  });

  it('reads back every password that was percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
        expect(readRedisAddress(`redis://:${encodeURIComponent(password)}@h`)).to.include({ password, host: 'h' });
      }),
      { seed: 31 },
    );
  });
});

describe('checkRedisMode', () => {
  it('refuses what is no server of its own', () => {
    expect(refusal(() => checkRedisMode('redis_version:7.0.15\r\nredis_mode:standalone\r\n'))).to.equal(undefined);
    expect(refusal(() => checkRedisMode('redis_mode:cluster\r\n'))).to.include('is a Redis cluster');
    expect(refusal(() => checkRedisMode('redis_mode:sentinel\r\n'))).to.include('is a Redis sentinel');
  });
});
