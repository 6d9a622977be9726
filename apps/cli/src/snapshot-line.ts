import { check, durationText, Snapshot, timestamp } from '@capplan/contracts';
import { parseTime } from '@capplan/traces';

/** Fields that a line must bring; everything else of a snapshot has a sensible stand-in. */
const required = ['timestamp', 'interval_s', 'arrival_rate', 'backlog', 'current_workers'] as const;

/**
 * Completes one line of input to a snapshot as the collector would send it.
 *
 * `arrival_rate: null` is an interval that nobody measured: unknown, not zero. A `service_time_mean_s` of null or 0
 * says that nothing finished. Fields that a snapshot does not have are ignored, as in any message.
 *
 * @throws Error that names every field that is missing or off
 */
export function completeSnapshot(
  line: Record<string, unknown>,
  { poolId, concurrency }: { poolId: string; concurrency: number },
): Snapshot {
  const missing = required.filter((field) => line[field] === undefined);
  if (missing.length > 0) throw new Error(`missing ${missing.join(', ')}`);
  const unknown = line.arrival_rate === null;
  const workers = Number(line.current_workers);
  const slots = workers * concurrency;
  const busySlots = line.busy_slots ?? Math.min(slots, Number(line.backlog) > 0 ? slots : 0);
  const meanSec = Number(line.service_time_mean_s ?? 0);
  const scv = Number(line.service_time_scv ?? 1);
  const median = meanSec / Math.sqrt(1 + scv);
  const checked = check(Snapshot, {
    pool: poolId,
    completion_rate: line.arrival_rate ?? 0,
    starting_workers: 0,
    slots,
    utilization: slots > 0 ? Math.min(1, Number(busySlots) / slots) : 0,
    error_rate: 0,
    service_rate: meanSec > 0 ? concurrency / meanSec : 0,
    service_time_p50: lengthText(median),
    service_time_p95: lengthText(median * Math.exp(1.645 * Math.sqrt(Math.log(1 + scv)))),
    quality: unknown
      ? { trusted: false, suspects: [{ source: 'line', reason: 'missing', detail: 'arrival_rate is null' }] }
      : { trusted: true, suspects: [] },
    ...line,
    timestamp: timeOf(line.timestamp),
    arrival_rate: unknown ? 0 : line.arrival_rate,
    busy_slots: busySlots,
    service_time_mean_s: line.service_time_mean_s ?? 0,
    service_time_scv: line.service_time_scv ?? 1,
  });
  if (!checked.ok) {
    throw new Error(checked.problems.map((problem) => problem.replace(/^\//, '').replaceAll('/', '.')).join('; '));
  }
  return checked.value;
}

/** ISO 8601 with any offset, in UTC where it names none, or seconds since the epoch. */
function timeOf(value: unknown): string {
  const ms =
    typeof value === 'number'
      ? value * 1000
      : typeof value === 'string'
        ? (parseTime(value)?.ms ?? Number.NaN)
        : Number.NaN;
  if (!Number.isFinite(ms)) {
    throw new Error(
      `timestamp ${JSON.stringify(value)} is not a time; write 2026-01-31T13:45:00Z or seconds since 1970`,
    );
  }
  return timestamp(ms);
}

function lengthText(sec: number): string {
  return Number.isFinite(sec) && sec >= 0 ? durationText(sec) : '0s';
}
