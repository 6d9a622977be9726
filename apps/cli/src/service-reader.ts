import type { ServiceDistribution } from '@capplan/queueing';
import { InputError } from './command.ts';
import { parseServiceShape, readServiceDistribution } from './service-distribution.ts';

/** A stream of questions may name thousands of services; beyond this many the oldest are forgotten. */
const REMEMBERED_MAX = 1000;

/**
 * Reads services for a stream of questions, each only once: a file is opened for its first question, and the
 * tables behind a distribution are made for its first question too.
 */
export class ServiceReader {
  readonly #known = new Map<string, ServiceDistribution>();

  /** At once when the service is known or needs no file. */
  read(text: string, meanSec: number | undefined, option: string): ServiceDistribution | Promise<ServiceDistribution> {
    const key = `${text} ${meanSec}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (/\.csv$/i.test(text)) {
      return readServiceDistribution(text, { meanSec, option }).then((service) => this.#remember(key, service));
    }
    if (meanSec === undefined)
      throw new InputError(`a mean service time is missing; only a file of times brings its own`);
    return this.#remember(key, parseServiceShape(text, meanSec, option));
  }

  #remember(key: string, service: ServiceDistribution): ServiceDistribution {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= REMEMBERED_MAX && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(key, service);
    return service;
  }
}
