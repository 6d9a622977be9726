import type { ArrivalSource } from './job-queue.ts';

/** Several sources as one, in the order of time. */
export function mergeArrivals(sources: readonly ArrivalSource[]): ArrivalSource {
  const streams = sources.map((source) => ({ source, block: new Float64Array(1024), at: 0, end: 0, done: false }));
  return {
    fill(out, from, to) {
      for (let i = from; i < to; i++) {
        let earliest: (typeof streams)[number] | undefined;
        for (const stream of streams) {
          if (stream.at === stream.end && !stream.done) {
            stream.end = stream.source.fill(stream.block, 0, stream.block.length);
            stream.done = stream.end < stream.block.length;
            stream.at = 0;
          }
          if (stream.at === stream.end) continue;
          if (!earliest || stream.block[stream.at]! < earliest.block[earliest.at]!) earliest = stream;
        }
        if (!earliest) return i;
        out[i] = earliest.block[earliest.at++]!;
      }
      return to;
    },
  };
}
