import { isExponential, type ServiceDistribution, serviceScv } from './service-distribution.ts';

/** Up to so much variability the errors in docs/benchmarks.md hold: smooth families, and those of far-apart classes. */
const scvMax = 16;
const scvOfClassesMax = 9;

/**
 * Is this queue one that the approximations do not reach? With several servers and a few jobs that are very much longer
 * than the rest, the mean wait was seen off by up to a quarter (M/H2/10: +14 % at scv 16, +23 % at scv 100).
 *
 * @returns a sentence to show beside the figures; undefined where they can be relied on
 * @example approximationCaution({ service: { kind: 'hyperexponential', meanSec: 1, scv: 100 }, servers: 10 })
 */
export function approximationCaution({
  service,
  servers,
}: {
  service: ServiceDistribution;
  servers: number;
}): string | undefined {
  if (servers < 2 || isExponential(service)) return undefined;
  const scv = serviceScv(service);
  const hasClasses = service.kind === 'hyperexponential' || service.kind === 'measured';
  if (scv < (hasClasses ? scvOfClassesMax : scvMax)) return undefined;
  return `service times vary so much (scv ${Number(scv.toPrecision(3))}) that the mean wait may be off by a quarter and single percentiles by half; simulate to be sure`;
}
