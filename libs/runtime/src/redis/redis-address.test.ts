import { isCapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import { checkRedisAddress, checkRedisMode } from './redis-address.ts';

function refusal(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (!isCapacityError(error, 'invalid_input')) throw error;
    return error.message;
  }
}

describe('checkRedisAddress', () => {
  it('accepts one server', () => {
    for (const url of [
      'redis://127.0.0.1:6379',
      'rediss://user:pa,ss@redis.example:6380/2',
      '127.0.0.1:6379',
      '/run/redis.sock',
    ]) {
      expect(
        refusal(() => checkRedisAddress(url)),
        url,
      ).to.equal(undefined);
    }
  });

  it('refuses Sentinels, Clusters and lists of hosts with a sentence that says what to do', () => {
    const cases: [string, string][] = [
      ['redis+sentinel://a:26379/mymaster', 'a Redis sentinel is not supported'],
      ['redis-cluster://a:6379', 'a Redis cluster is not supported'],
      ['redis://a:6379,b:6379', 'several hosts are not supported'],
      ['redis://u:secret@a:6379,b:6379', 'several hosts are not supported'],
      ['http://a', 'the scheme http:// is none of Redis'],
    ];
    for (const [url, why] of cases) {
      const said = refusal(() => checkRedisAddress(url));
      expect(said, url).to.include(why).and.include('give one redis://');
      expect(said).not.to.include('secret');
    }
  });
});

describe('checkRedisMode', () => {
  it('refuses what is no server of its own', () => {
    expect(refusal(() => checkRedisMode('redis_version:7.0.15\r\nredis_mode:standalone\r\n'))).to.equal(undefined);
    expect(refusal(() => checkRedisMode('redis_mode:cluster\r\n'))).to.include('is a Redis cluster');
    expect(refusal(() => checkRedisMode('redis_mode:sentinel\r\n'))).to.include('is a Redis sentinel');
  });
});
