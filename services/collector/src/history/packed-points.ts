import { type HistoryPoint, timestamp } from '@capplan/contracts';
import { createVarintReader, readColumn, writeColumn, writeVarint } from './columns.ts';

/*
 * A run of history points as bytes: a version, the count, the time of the first point and the differences of the others
 * in ms, then one column for each figure. Meant to be deflated: most differences are small and many columns move
 * together.
 */

const VERSION = 1;

type Figure = Exclude<keyof HistoryPoint, 'timestamp' | 'unknown'>;
type MayBeUnknown = NonNullable<HistoryPoint['unknown']>[number];

/** Columns in their order in the bytes. Only ever append to it. */
const figures: readonly Figure[] = [
  'interval_s',
  'arrival_rate',
  'completion_rate',
  'service_time_mean_s',
  'service_time_scv',
  'response_time_p95_s',
  'current_workers',
  'busy_slots',
  'utilization',
  'backlog',
  'error_rate',
  'cost_per_hour',
  'trusted_share',
  'imported_share',
];

/** Left away as long as no point has it: what was written before it was thought of ends there too. */
const lastFigure = figures.at(-1) as Figure;

const optional: ReadonlySet<Figure> = new Set(['cost_per_hour', 'trusted_share', 'imported_share']);

/** Points in ascending time as bytes, see above. */
export function packPoints(points: readonly HistoryPoint[]): Uint8Array {
  const bytes: number[] = [];
  writeVarint(bytes, VERSION);
  writeVarint(bytes, points.length);
  let beforeMs = 0;
  let beforeStepMs = 0;
  for (const point of points) {
    const timeMs = Date.parse(point.timestamp);
    const stepMs = timeMs - beforeMs;
    writeVarint(bytes, stepMs - beforeStepMs);
    beforeMs = timeMs;
    beforeStepMs = stepMs;
  }
  const isOpen = (point: HistoryPoint, figure: Figure): boolean =>
    point.unknown?.includes(figure as MayBeUnknown) ?? false;
  for (const figure of figures) {
    if (figure === lastFigure && points.every((point) => point[figure] === undefined)) break;
    writeColumn(
      bytes,
      points.map((point) => (isOpen(point, figure) ? Number.NaN : (point[figure] ?? Number.NaN))),
    );
  }
  return Uint8Array.from(bytes);
}

/** The points again, each figure within its quantum. Throws RangeError when the bytes are no packed points. */
export function unpackPoints(bytes: Uint8Array): HistoryPoint[] {
  const reader = createVarintReader(bytes);
  const version = reader.next();
  if (version !== VERSION) throw new RangeError(`packed points of version ${version}; this reads ${VERSION}`);
  const count = reader.next();
  const timesMs: number[] = [];
  let timeMs = 0;
  let stepMs = 0;
  for (let i = 0; i < count; i++) {
    stepMs += reader.next();
    timeMs += stepMs;
    timesMs.push(timeMs);
  }
  const points = timesMs.map((ms) => ({ timestamp: timestamp(ms) }) as HistoryPoint);
  for (const figure of figures) {
    if (figure === lastFigure && reader.done) break;
    const column = readColumn(reader, count);
    for (let i = 0; i < count; i++) {
      const value = column[i] as number;
      const point = points[i] as HistoryPoint & Record<Figure, number | null | undefined>;
      if (!Number.isNaN(value)) point[figure] = value;
      else if (figure === 'response_time_p95_s') point[figure] = null;
      else if (!optional.has(figure)) {
        point[figure] = 0;
        point.unknown = [...(point.unknown ?? []), figure as MayBeUnknown];
      }
    }
  }
  return points;
}
