const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * A number in 16 bits: sign, exponent and 7 bits of fraction of a single-precision number, rounded (bfloat16).
 *
 * Good to 0.4 %, far below what demand varies by; it halves what a forecaster weighs on the wire.
 */
export function toHalf(value: number): number {
  float[0] = value;
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits[0] as number) + 0x7fff + (((bits[0] as number) >>> 16) & 1)) >>> 16;
}

export function fromHalf(half: number): number {
  bits[0] = half << 16;
  return float[0] as number;
}
