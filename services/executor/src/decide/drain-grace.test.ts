import type { Pool } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePool } from '../conformance/samples.ts';
import { drainGraceMs } from './drain-grace.ts';

describe('drainGraceMs', () => {
  for (const [says, pool, measuredSec, sec] of [
    ['nothing is known of its jobs', {}, undefined, 30],
    ['short jobs', { service_time_hint: '2s' }, 3, 30],
    ['long jobs by hint', { service_time_hint: '10m' }, undefined, 1800],
    ['long jobs as measured', { service_time_hint: '2s' }, 120, 360],
    ['its own, longer', { drain_grace: '5m' }, 3, 300],
    ['its own, shorter', { drain_grace: '5s' }, 3, 5],
    ['its own, shorter than a job', { drain_grace: '5s' }, 40, 40],
    ['its own, shorter than the hint', { drain_grace: '5s', service_time_hint: '1m' }, 40, 60],
    ['its own, of no time at all', { drain_grace: '0s' }, undefined, 0],
    ['jobs of a week', { service_time_hint: '7d' }, undefined, 86_400],
  ] as [string, Partial<Pool>, number | undefined, number][]) {
    it(`${says}: ${sec} s`, () => {
      expect(drainGraceMs(samplePool(pool), measuredSec, 30_000)).to.equal(1000 * sec);
    });
  }
});
