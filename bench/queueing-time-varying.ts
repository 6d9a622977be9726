// M_t/M/s_t solved by its forward equations: what a sizing rule does to the waiting probability over a cycle.
import { modifiedOfferedLoadAt, type ServiceDistribution, serversForWaitProbability } from '@capplan/queueing';

const service: ServiceDistribution = { kind: 'exponential', meanSec: 1 };

/**
 * The lowest and highest P(all servers busy) over one cycle of a sinusoidal load, once the start is forgotten.
 *
 * Service has mean 1; servers change every tenth of a service time; when they fall, jobs in service beyond them wait again.
 */
export function waitProbabilityRange(setup: {
  mean: number;
  swing: number;
  period: number;
  target: number;
  rule: 'modified offered load' | 'pointwise';
}): { low: number; high: number; servers: number } {
  const { mean, swing, period, target, rule } = setup;
  const rate = (t: number) => mean + swing * Math.sin((2 * Math.PI * t) / period);
  const blocks = Math.round(10 * period);
  const staff = Array.from({ length: blocks }, (_, i) => {
    const t = ((i + 0.5) * period) / blocks;
    const load = rule === 'pointwise' ? rate(t) : modifiedOfferedLoadAt({ ratePerSecAt: rate, atSec: t, service });
    return serversForWaitProbability({ offeredLoadErlangs: load, waitProbability: target });
  });
  const serversAt = (t: number) => staff[Math.floor(((t % period) / period) * blocks) % blocks] as number;

  const size = Math.ceil(2.2 * (mean + swing) + 60);
  const step = 0.8 / (2 * (mean + swing) + 40);
  let p: Float64Array = new Float64Array(size);
  p[Math.round(mean)] = 1;
  let low = 1;
  let high = 0;
  const settled = Math.max(period, Math.ceil(12 / period) * period);
  for (let t = 0; t < settled + period; t += step) {
    const middle = advance(p, p, step / 2, rate(t), serversAt(t));
    p = advance(p, middle, step, rate(t + step / 2), serversAt(t + step / 2));
    if (t < settled) continue;
    let waiting = 0;
    for (let n = serversAt(t + step); n < size; n++) waiting += p[n] as number;
    low = Math.min(low, waiting);
    high = Math.max(high, waiting);
  }
  return { low, high, servers: staff.reduce((sum, count) => sum + count, 0) / blocks };
}

/** `from` moved by one step along the slope at `at`. */
function advance(from: Float64Array, at: Float64Array, step: number, rate: number, servers: number): Float64Array {
  const next = from.slice();
  const last = next.length - 1;
  for (let n = 0; n <= last; n++) {
    const mass = (at[n] as number) * step;
    if (n < last) {
      const up = mass * rate;
      next[n] = (next[n] as number) - up;
      next[n + 1] = (next[n + 1] as number) + up;
    }
    if (n > 0) {
      const down = mass * Math.min(n, servers);
      next[n] = (next[n] as number) - down;
      next[n - 1] = (next[n - 1] as number) + down;
    }
  }
  return next;
}
