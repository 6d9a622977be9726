// The known formulas for the mean wait in M/G/c, to stand beside ours. In mean service times.
import {
  constantServiceQueue,
  type ServiceDistribution,
  serviceMeanSec,
  serviceResidualExceedance,
  serviceScv,
  waitProbability,
} from '@capplan/queueing';

export interface Cell {
  readonly servers: number;
  readonly load: number;
  readonly service: ServiceDistribution;
}

type Formula = (cell: Cell) => number;

const exponentialWait: Formula = ({ servers, load }) =>
  waitProbability({ offeredLoadErlangs: servers * load, servers }) / (servers * (1 - load));

const constantWait: Formula = ({ servers, load }) =>
  constantServiceQueue({ offeredLoadErlangs: servers * load, servers }).waitMean;

/** Allen 1978 and Cunneen: the M/M/c wait times (1 + scv)/2. */
const allenCunneen: Formula = (cell) => ((1 + serviceScv(cell.service)) / 2) * exponentialWait(cell);

/** Kimura 1986: harmonic interpolation between M/M/c and exact M/D/c. */
const kimura: Formula = (cell) => {
  const scv = serviceScv(cell.service);
  return (1 + scv) / ((2 * scv) / exponentialWait(cell) + (1 - scv) / constantWait(cell));
};

/** Whitt 1993, formulas 2.16 to 2.25, with Poisson arrivals. */
const whitt: Formula = (cell) => {
  const { servers: m, load: ρ, service } = cell;
  const scv = serviceScv(service);
  const γ = Math.min(0.24, ((1 - ρ) * (m - 1) * (Math.sqrt(4 + 5 * m) - 2)) / (16 * m * ρ));
  const φ1 = 1 + γ;
  const φ3 = (1 - 4 * γ) * Math.exp((-2 * (1 - ρ)) / (3 * ρ));
  const φ4 = Math.min(1, (φ1 + φ3) / 2);
  const mixed = (1 + scv) / 2;
  const ψ = mixed >= 1 ? 1 : φ4 ** (2 * (1 - mixed));
  const φ =
    scv <= 1
      ? ((4 * (1 - scv)) / (4 - 3 * scv)) * φ1 + (scv / (4 - 3 * scv)) * ψ
      : ((scv - 1) / (2 + 2 * scv)) * φ3 + ((scv + 3) / (2 + 2 * scv)) * ψ;
  return φ * mixed * exponentialWait(cell);
};

/** Boxma, Cohen & Huffels 1979: uses the mean of the least of c residual service times, exact in light traffic. */
const boxma: Formula = (cell) => {
  const { servers: c, service } = cell;
  const scv = serviceScv(service);
  if (c === 1) return ((1 + scv) / 2) * exponentialWait(cell);
  const α = ((1 + scv) / leastResidual(service, c) - c - 1) / (c - 1);
  const exponential = exponentialWait(cell);
  const constant = constantWait(cell);
  return ((1 + scv) * exponential * constant) / (2 * α * constant + (1 - α) * exponential);
};

/** ∫ P(Sₑ > x)^c dx in logarithmic steps, by the trapezium rule. */
function leastResidual(service: ServiceDistribution, servers: number): number {
  const meanSec = serviceMeanSec(service);
  let sum = 0;
  const step = 0.005;
  for (let u = Math.log(1e-9); u < Math.log(1e5); u += step) {
    const x = Math.exp(u);
    sum += x * step * serviceResidualExceedance(service, x * meanSec) ** servers;
  }
  return sum + 1e-9;
}

export const meanWaitFormulas: Readonly<Record<string, Formula>> = {
  'Allen-Cunneen': allenCunneen,
  'Whitt 1993': whitt,
  'Kimura 1986': kimura,
  'Boxma-Cohen-Huffels': boxma,
};
