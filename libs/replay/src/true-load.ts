import { type ServiceDistribution, serviceMeanSec, serviceResidualExceedance } from '@capplan/queueing';

/**
 * How many slots would be busy at each step if none were ever short: the modified offered load
 * m(t) = E[λ(t − Sₑ)] E[S] of rates that are constant over each step.
 *
 * Before the first step the first rate is taken to have held for ever.
 *
 * @returns erlangs at the end of each step
 * @see Green & Kolesar, "The lagged PSA for estimating peak congestion in multiserver Markovian queues with periodic
 *   arrival rates", Management Science 43 (1997); Jennings, Mandelbaum, Massey & Whitt, "Server staffing to meet
 *   time-varying demand", Management Science 42 (1996)
 */
export function trueOfferedLoad(options: {
  ratesPerSec: ArrayLike<number>;
  stepSec: number;
  service: ServiceDistribution;
}): Float64Array {
  const { ratesPerSec, stepSec, service } = options;
  const meanSec = serviceMeanSec(service);
  const weights: number[] = [];
  let beyond = 1;
  while (beyond > 1e-4 && weights.length < 2000) {
    const after = serviceResidualExceedance(service, (weights.length + 1) * stepSec);
    weights.push(beyond - after);
    beyond = after;
  }
  weights[weights.length - 1] = (weights.at(-1) as number) + beyond;
  const load = new Float64Array(ratesPerSec.length);
  for (let i = 0; i < load.length; i++) {
    let rate = 0;
    for (let back = 0; back < weights.length; back++) {
      rate += (weights[back] as number) * (ratesPerSec[Math.max(0, i - back)] as number);
    }
    load[i] = rate * meanSec;
  }
  return load;
}
