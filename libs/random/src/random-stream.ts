/**
 * A reproducible source of chance. The same seed gives the same numbers on every machine.
 */
export interface RandomStream {
  /** Uniform in [0, 1), 53 bits of resolution. */
  next(): number;
  /** Standard normal. */
  normal(): number;
  /** Exponential with the given mean (> 0, any unit). */
  exponential(mean: number): number;
  /** Whole number in [0, below). */
  integer(below: number): number;
  /** An independent stream; the same label on the same seed gives the same stream, however much was drawn before. */
  fork(label: string): RandomStream;
}

/**
 * Opens a seeded stream (sfc32 by Chris Doty-Humphrey, seeded through FNV-1a and splitmix32 mixing).
 *
 * Not for secrets: tokens, keys and identifiers that must not be guessed come from `node:crypto`.
 *
 * @param seed any number or text
 * @example createRandomStream(7).fork('arrivals').next()
 */
export function createRandomStream(seed: number | string): RandomStream {
  const text = String(seed);
  const mix = splitmix32(fnv1a(text));
  let a = mix();
  let b = mix();
  let c = mix();
  let counter = 1;
  let spareNormal = Number.NaN;

  const bits = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();

  const next = (): number => ((bits() >>> 5) * 67108864 + (bits() >>> 6)) / 9007199254740992;

  return {
    next,
    normal: () => {
      if (!Number.isNaN(spareNormal)) {
        const value = spareNormal;
        spareNormal = Number.NaN;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      const angle = 2 * Math.PI * next();
      spareNormal = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    exponential: (mean) => -mean * Math.log(1 - next()),
    integer: (below) => Math.floor(next() * below),
    fork: (label) => createRandomStream(`${text}/${label}`),
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

function splitmix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}
