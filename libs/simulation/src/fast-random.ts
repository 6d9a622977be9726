import type { RandomStream } from '@capplan/random';

const layers = 256;
const scale32 = 1 / 4294967296;
const scale31 = 1 / 2147483648;

/**
 * Draws blocks of random numbers for the hot loop: sfc32 (Chris Doty-Humphrey) for the bits and the ziggurat of
 * Marsaglia & Tsang (2000, Journal of Statistical Software 5/8) for exponential and normal variates, with the layer
 * taken from other bits than the position inside it (Doornik 2005), which the original did not do.
 *
 * The sequence does not depend on how it is cut into blocks.
 *
 * @example const random = new FastRandom(createRandomStream(7).fork('services'));
 */
export class FastRandom {
  readonly #state = new Int32Array(6);

  constructor(stream: RandomStream) {
    for (let i = 0; i < 3; i++) this.#state[i] = stream.integer(4294967296) | 0;
    this.#state[3] = 1;
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 random bits as a signed whole number. */
  bits(): number {
    const s = this.#state;
    const sum = (((s[0]! + s[1]!) | 0) + s[3]!) | 0;
    s[3] = (s[3]! + 1) | 0;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = (s[2]! + (s[2]! << 3)) | 0;
    s[2] = (((s[2]! << 21) | (s[2]! >>> 11)) + sum) | 0;
    return sum;
  }

  /** Uniform in (0, 1), 32 bits of resolution, never 0 or 1. */
  uniform(): number {
    return ((this.bits() >>> 0) + 0.5) * scale32;
  }

  /** One exponential of mean 1. */
  exponential(): number {
    return -Math.log(this.uniform());
  }

  /** Exponentials of the given mean into `out[from..to)`. */
  fillExponential(out: Float64Array, from: number, to: number, mean: number): void {
    const { edge, height } = exponentialZiggurat;
    const state = this.#state;
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let counter = state[3]!;
    let layerBits = state[4]!;
    let layersLeft = state[5]!;
    for (let i = from; i < to; i++) {
      for (;;) {
        if (layersLeft === 0) {
          layerBits = (((a + b) | 0) + counter) | 0;
          counter = (counter + 1) | 0;
          a = b ^ (b >>> 9);
          b = (c + (c << 3)) | 0;
          c = (((c << 21) | (c >>> 11)) + layerBits) | 0;
          layersLeft = 4;
        }
        const layer = layerBits & 255;
        layerBits >>>= 8;
        layersLeft--;
        const bits = (((a + b) | 0) + counter) | 0;
        counter = (counter + 1) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (((c << 21) | (c >>> 11)) + bits) | 0;
        const x = ((bits >>> 0) + 0.5) * scale32 * edge[layer]!;
        if (x < edge[layer + 1]!) {
          out[i] = x * mean;
          break;
        }
        const more = (((a + b) | 0) + counter) | 0;
        counter = (counter + 1) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (((c << 21) | (c >>> 11)) + more) | 0;
        const uniform = ((more >>> 0) + 0.5) * scale32;
        if (layer === 0) {
          // The exponential tail beyond the base layer is an exponential again.
          out[i] = (edge[1]! - Math.log(uniform)) * mean;
          break;
        }
        if (height[layer]! + uniform * (height[layer + 1]! - height[layer]!) < Math.exp(-x)) {
          out[i] = x * mean;
          break;
        }
      }
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = counter;
    state[4] = layerBits;
    state[5] = layersLeft;
  }

  /** Standard normals into `out[from..to)`. */
  fillNormal(out: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) out[i] = this.normal();
  }

  /** One standard normal. */
  normal(): number {
    const { edge, height } = normalZiggurat;
    for (;;) {
      const layer = this.bits() & 255;
      const x = (this.bits() + 0.5) * scale31 * edge[layer]!;
      if (Math.abs(x) < edge[layer + 1]!) return x;
      if (layer === 0) {
        // Marsaglia's method for the tail beyond the base layer.
        const base = edge[1]!;
        let beyond: number;
        do {
          beyond = this.exponential() / base;
        } while (2 * this.exponential() < beyond * beyond);
        return x > 0 ? base + beyond : -base - beyond;
      }
      const y = height[layer]! + this.uniform() * (height[layer + 1]! - height[layer]!);
      if (y < Math.exp(-0.5 * x * x)) return x;
    }
  }
}

const exponentialZiggurat = buildZiggurat({
  base: 7.69711747013105,
  area: 0.003949659822581557,
  density: (x) => Math.exp(-x),
  inverse: (y) => -Math.log(y),
});

const normalZiggurat = buildZiggurat({
  base: 3.6541528853610088,
  area: 0.00492867323399,
  density: (x) => Math.exp(-0.5 * x * x),
  inverse: (y) => Math.sqrt(-2 * Math.log(y)),
});

/** Layers of equal area under a falling density; layer 0 holds the tail and is as wide as its area demands. */
function buildZiggurat(shape: {
  base: number;
  area: number;
  density: (x: number) => number;
  inverse: (y: number) => number;
}): { edge: Float64Array; height: Float64Array } {
  const edge = new Float64Array(layers + 1);
  const height = new Float64Array(layers + 1);
  edge[0] = shape.area / shape.density(shape.base);
  edge[1] = shape.base;
  for (let i = 2; i < layers; i++) {
    edge[i] = shape.inverse(shape.density(edge[i - 1]!) + shape.area / edge[i - 1]!);
  }
  for (let i = 0; i <= layers; i++) height[i] = shape.density(edge[i]!);
  return { edge, height };
}
