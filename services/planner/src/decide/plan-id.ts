/**
 * The id of a plan: when it was made, and a digest of what it was made for. The same pool and cause give the same id,
 * on every replica and however often the cause is met.
 *
 * @param cause the end of the snapshot's window, or the id of the command
 * @example planId({ pool: 'shop/checkout', cause: 'window', timeMs: 0 }) // 'plan-19700101T000000Z-…'
 */
export function planId({ pool, cause, timeMs }: { pool: string; cause: string; timeMs: number }): string {
  const time = new Date(timeMs)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `plan-${time}-${digest(`${pool}\n${cause}`)}`;
}

/** FNV-1a with 64 bits (Fowler, Noll & Vo): short, and no two pools share one by accident. */
function digest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, '0');
}
