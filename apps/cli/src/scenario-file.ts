import { dirname, resolve } from 'node:path';
import { readScenario, type Scenario } from '@capplan/simulation';
import { parseDocument } from 'yaml';
import { InputError } from './command.ts';
import { parseDurationSec } from './durations.ts';
import { readTextFile, readTraceFile } from './trace-file.ts';

/**
 * Reads a scenario from YAML or JSON. A recorded pattern may name a trace: `file` (beside the scenario) instead of
 * `counts` and `step`, and `skip`, how much of the trace to leave out at its start.
 *
 * @throws InputError naming the file and every field that is off
 */
export async function readScenarioFile(path: string): Promise<{ scenario: Scenario; notices: string[] }> {
  const document = parseDocument(await readTextFile(path));
  const [fault] = document.errors;
  if (fault) {
    const line = fault.linePos?.[0].line;
    throw new InputError(`${path}${line === undefined ? '' : `:${line}`}: ${fault.message.split('\n')[0]}`);
  }
  const notices: string[] = [];
  const input: unknown = document.toJS({ maxAliasCount: 100 });
  await loadTraces(input, { folder: dirname(path), notices, horizonSec: horizonOf(input) });
  const read = readScenario(input);
  if (!read.ok) {
    const problems = read.problems.map(({ field, message }) => `\n  ${field || 'the scenario'}: ${message}`).join('');
    const verdict = read.reason === 'too_large' ? 'is too large' : 'is not a scenario';
    throw new InputError(`${path} ${verdict}:${problems}`);
  }
  return { scenario: read.scenario, notices };
}

function horizonOf(input: unknown): number {
  const { horizon } = (input ?? {}) as { horizon?: unknown };
  if (typeof horizon === 'number') return horizon;
  try {
    return typeof horizon === 'string' ? parseDurationSec(horizon, 'horizon') : Number.POSITIVE_INFINITY;
  } catch {
    // What is wrong with it is said by the scenario's own reader.
    return Number.POSITIVE_INFINITY;
  }
}

/** Replaces each `file` of a recorded pattern, wherever it stands, by what the file holds. */
async function loadTraces(
  value: unknown,
  place: { folder: string; notices: string[]; horizonSec: number },
): Promise<void> {
  if (typeof value !== 'object' || value === null) return;
  const fields = value as Record<string, unknown>;
  if (fields.pattern === 'recorded' && typeof fields.file === 'string') {
    const path = resolve(place.folder, fields.file);
    const { trace, notices } = await readTraceFile(path);
    const skipSec = fields.skip === undefined ? 0 : parseDurationSec(String(fields.skip as string | number), 'skip');
    const first = Math.floor(skipSec / trace.intervalSec);
    const last = first + Math.ceil(place.horizonSec / trace.intervalSec);
    const { rates, bridged } = bridgeGaps(trace.ratesPerSec.slice(first, last));
    place.notices.push(...notices.map((notice) => `${path}: ${notice}`));
    if (bridged > 0) place.notices.push(`${path}: ${bridged} missing intervals bridged by straight lines`);
    const counts = Array.from(rates, (rate) => rate * trace.intervalSec);
    fields.counts = fields.exact === true ? counts.map(Math.round) : counts;
    fields.step = trace.intervalSec;
    delete fields.file;
    delete fields.skip;
    return;
  }
  for (const field of Object.values(fields)) await loadTraces(field, place);
}

/** Fills what was not measured along a straight line between its neighbours. */
function bridgeGaps(rates: Float64Array): { rates: Float64Array; bridged: number } {
  const known = Array.from(rates.keys()).filter((i) => Number.isFinite(rates[i]));
  let next = 0;
  let bridged = 0;
  for (let i = 0; i < rates.length && known.length > 0; i++) {
    while (next < known.length - 1 && known[next]! < i) next++;
    if (Number.isFinite(rates[i])) continue;
    const after = known[next]!;
    const before = known[Math.max(0, next - 1)]!;
    const share = after === before ? 0 : Math.min(1, Math.max(0, (i - before) / (after - before)));
    rates[i] = rates[before]! + share * (rates[after]! - rates[before]!);
    bridged++;
  }
  return { rates, bridged };
}
