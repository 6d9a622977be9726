import { serviceBins } from './service-bins.ts';
import type { ServiceShape } from './service-shape.ts';

/** Rows of `CONSTANT_SERVICE_EFFECT`. */
const SERVERS = [2, 3, 5, 8, 14, 25, 50, 100, 250, 1000, 5000] as const;
const COLUMNS = 16;

/**
 * How much less likely waiting is with constant than with exponential service: ln(Erlang C / P(wait) of M/D/c),
 * times 10⁴, from the exact `constantServiceQueue`.
 *
 * Column k belongs to the load at which v = k/16 · √c/(1 + √c), v = x/(1 + x), x = (1 - ρ)√c; columns 0 (full load)
 * and 16 (no load) are zero. `bench/queueing-fit.ts` prints it anew. Between the nodes it is right to 0.003.
 */
const CONSTANT_SERVICE_EFFECT: readonly (readonly number[])[] = [
  [17, 36, 57, 79, 103, 130, 159, 190, 224, 259, 296, 330, 355, 353, 282],
  [27, 57, 90, 126, 164, 207, 253, 303, 356, 411, 466, 513, 538, 509, 358],
  [40, 83, 130, 182, 238, 299, 366, 438, 513, 590, 660, 711, 715, 621, 364],
  [50, 104, 164, 229, 300, 378, 462, 551, 644, 734, 811, 852, 816, 642, 320],
  [61, 127, 200, 279, 366, 461, 562, 670, 778, 879, 953, 965, 861, 598, 257],
  [70, 147, 231, 323, 424, 533, 650, 772, 892, 996, 1056, 1026, 846, 520, 203],
  [79, 166, 262, 366, 480, 603, 734, 869, 996, 1097, 1133, 1045, 785, 431, 155],
  [86, 181, 285, 399, 523, 657, 799, 942, 1073, 1166, 1174, 1030, 714, 362, 121],
  [93, 195, 307, 430, 564, 708, 859, 1009, 1142, 1223, 1196, 993, 634, 300, 92],
  [99, 208, 328, 459, 602, 755, 914, 1070, 1201, 1266, 1199, 939, 557, 247, 68],
  [103, 215, 340, 476, 623, 782, 946, 1104, 1233, 1287, 1194, 901, 512, 218, 54],
];

/**
 * δ(c, ρ) ≥ 0: the effect that a service distribution other than exponential has on the probability of waiting.
 *
 * Found in simulation: ln(P(wait) / Erlang C) = g·δ, where δ depends on servers and load only, and g on the
 * distribution only (`variabilityIndex`; -1 for constant service, by definition of δ). On 777 cells of 20 distributions
 * (scv 0 to 16, 2 to 100 servers, ρ 0.3 to 0.95) it is within 0.5 % on average, 8 % at worst, where Erlang C is up to a fifth off.
 *
 * @param load ρ in [0, 1]
 * @param servers ≥ 1; fractions are read as between two servers
 */
export function constantServiceEffect(load: number, servers: number): number {
  if (servers <= 1) return 0;
  const root = Math.sqrt(servers);
  const x = (1 - load) * root;
  const position = (x / (1 + x)) * ((1 + root) / root) * COLUMNS;
  const k = Math.min(Math.floor(position), COLUMNS - 1);
  const at = (row: readonly number[]) => {
    const low = k === 0 ? 0 : (row[k - 1] as number);
    const high = k === COLUMNS - 1 ? 0 : (row[k] as number);
    return (low + (position - k) * (high - low)) * 1e-4;
  };
  if (servers < 2) return (servers - 1) * at(CONSTANT_SERVICE_EFFECT[0] as readonly number[]);
  let i = 1;
  while (i < SERVERS.length - 1 && (SERVERS[i] as number) < servers) i++;
  const from = SERVERS[i - 1] as number;
  const share = Math.min(1, Math.log(servers / from) / Math.log((SERVERS[i] as number) / from));
  const low = at(CONSTANT_SERVICE_EFFECT[i - 1] as readonly number[]);
  return low + share * (at(CONSTANT_SERVICE_EFFECT[i] as readonly number[]) - low);
}

const indexOf = new WeakMap<ServiceShape, number>();

/**
 * g: where a service distribution stands between constant (-1), exponential (0) and very variable (1.4 at H2, scv 16).
 *
 * From the dispersion of the departures of a server that is always busy, over long and over short times:
 * 0.69 ln[(0.3 + I(1/8)) / (0.3 + I(64))], I(s) = 1 + 2f̂(s)/(1 - f̂(s)) - 2/s the index of dispersion of the
 * equilibrium renewal process at times of about 1/s mean service times. Fitted to the same 20 distributions, rms 0.07.
 */
export function variabilityIndex(shape: ServiceShape): number {
  let index = indexOf.get(shape);
  if (index === undefined) {
    index = 0.69 * Math.log((0.3 + departureDispersion(shape, 0.125)) / (0.3 + departureDispersion(shape, 64)));
    indexOf.set(shape, index);
  }
  return index;
}

/**
 * I(s) of the departures from one busy server; 1 for exponential service, scv for s → 0.
 *
 * @see Cox, Renewal Theory, 1962, section 4.5 (variance of the number of renewals in equilibrium, transformed)
 */
function departureDispersion(shape: ServiceShape, s: number): number {
  const { mean, weight } = serviceBins(shape);
  let missing = 0;
  let curvature = 0;
  for (let i = 0; i < mean.length; i++) {
    const x = s * (mean[i] as number);
    const w = weight[i] as number;
    missing -= w * Math.expm1(-x);
    // x - 1 + e^(-x) loses its digits for small x, so that the series takes over.
    curvature += w * (x < 1e-3 ? (x * x) / 2 - (x * x * x) / 6 : x + Math.expm1(-x));
  }
  return 1 + (2 * (curvature - missing * s)) / (s * missing);
}
