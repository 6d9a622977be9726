import type { ServiceDistribution } from '@capplan/queueing';
import { createRandomStream } from '@capplan/random';
import { createServiceSource, type Distribution, type ServiceSource } from '@capplan/simulation';

/** A seeded source of service times from a distribution as the queueing formulas know it. */
export function openServiceSource(service: ServiceDistribution, seed: number | string): ServiceSource {
  return createServiceSource(simulated(service), createRandomStream(seed).fork('services'));
}

function simulated(service: ServiceDistribution): Distribution {
  switch (service.kind) {
    case 'erlang':
      return { kind: 'erlang', meanSec: service.meanSec, phases: service.shape };
    case 'measured':
      if ('samples' in service) return { kind: 'samples', valuesSec: Array.from(service.samples) };
      return {
        kind: 'bins',
        bins: [...service.sketch.buckets()].map(({ value, count }) => ({
          lowSec: value,
          highSec: value,
          weight: count,
        })),
      };
    default:
      return service;
  }
}
