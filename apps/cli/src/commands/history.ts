import { parseArgs } from 'node:util';
import { isPoolId } from '@capplan/contracts';
import { formatTrace, resample } from '@capplan/traces';
import { type Command, type CommandIo, exitCodes, InputError } from '../command.ts';
import { parseDurationSec } from '../durations.ts';
import { exportHistory } from '../export-history.ts';
import { connectGateway, gatewayHelp, gatewayOptions } from '../gateway-client.ts';
import { type ImportSummary, importHistory } from '../import-history.ts';
import { parseMoment, parseTimeZone, timeZoneHelp } from '../time-zone.ts';
import { readTraceFile } from '../trace-file.ts';

const help = `usage: capplan history import POOL FILE.csv [options]
       capplan history export POOL [options] > FILE.csv

Brings a pool's past along, so that it is forecast from its first minute as if it had lived here, or takes it away.
FILE.csv has the columns timestamp,arrival_rate (arrivals per second, oldest first; missing rows are unknown), an hour or less
a row, as \`capplan forecast\` and \`backtest\` read it. Of rows longer than a minute, minutes are made as chance makes them.

import: sends whole batches of 5,000 rows. After Ctrl-C or a failure the same command goes on where it stopped; what was
measured live stays as it is, and a second import of the same time corrects the first. Needs the role admin.
  --every LENGTH       length of the rows sent (default: the file's own)
${timeZoneHelp}

export: demand per interval; what was not measured or not trusted is left out.
  --from TIME          ISO 8601 (default: 90 days ago)
  --to TIME            (default: now)
  --every LENGTH       length of the rows (default: as it was measured, at least 1m)

both:
${gatewayHelp}
  --json               import: one JSON object instead of a sentence

exit codes: 0 done, 1 the system did not answer, 2 bad input, 130 interrupted

example: capplan history import shop/mail last-quarter.csv --time-zone Europe/Berlin
`;

/** `capplan history`: a pool's past into a running system, and out of it. */
export const command: Command = {
  name: 'history',
  summary: 'bring a pool’s past into a running system, or take it out',
  help,
  run: async ([what, ...args], io) => {
    if (what === 'import') return runImport(args, io);
    if (what === 'export') return runExport(args, io);
    throw new InputError("say 'import' or 'export'; 'capplan help history' says more");
  },
};

const dayMs = 86_400_000;

async function runImport(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...gatewayOptions,
      every: { type: 'string' },
      'time-zone': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [pool, file, ...rest] = positionals;
  if (pool === undefined || file === undefined || rest.length > 0) {
    throw new InputError('name one pool and one file: capplan history import POOL FILE.csv');
  }
  requirePool(pool);
  const zone = parseTimeZone(values['time-zone']);
  const { trace: raw, notices } = await readTraceFile(file, zone);
  const trace = values.every === undefined ? raw : resample(raw, parseEvery(values.every));
  if (trace.intervalSec < 1 || trace.intervalSec > 3600) {
    throw new InputError(
      `${file}: rows of ${trace.intervalSec} s; an import takes rows of a second to an hour, because longer ones do not show when in the day jobs come`,
    );
  }
  for (const notice of notices) io.stderr.write(`${file}: ${notice}\n`);
  const summary = await importHistory(
    connectGateway(values),
    { pool, trace },
    {
      signal: io.signal,
      onBatch: (done, all, until) => io.stderr.write(`${done} of ${all} rows, up to ${until}\n`),
    },
  );
  io.stdout.write(
    values.json ? `${JSON.stringify({ pool, file, ...summary, notes: notices })}\n` : said(pool, summary),
  );
  return summary.complete ? exitCodes.ok : exitCodes.interrupted;
}

function said(pool: string, summary: ImportSummary): string {
  const parts = [
    [summary.stored, 'stored'],
    [summary.skipped, 'there from an earlier run'],
    [summary.unchanged, 'there already'],
    [summary.measured, 'left out because the pool was measured then'],
    [summary.too_old, 'left out because they are too old to be kept'],
    [summary.distrusted, 'so far above all others that nothing is learned of them'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const rest = summary.complete ? '' : '\nstopped; the same command goes on from there';
  return `${pool}: ${told.length > 0 ? told.join(', ') : 'no rows'}; up to ${summary.stored_until ?? 'now'}${rest}\n`;
}

async function runExport(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...gatewayOptions, from: { type: 'string' }, to: { type: 'string' }, every: { type: 'string' } },
  });
  const [pool, ...rest] = positionals;
  if (pool === undefined || rest.length > 0) throw new InputError('name one pool: capplan history export POOL');
  requirePool(pool);
  const toMs = values.to === undefined ? Date.now() : parseMoment(values.to, '--to');
  const fromMs = values.from === undefined ? toMs - 90 * dayMs : parseMoment(values.from, '--from');
  if (fromMs >= toMs) throw new InputError('--from: must be earlier than --to');
  const everySec = values.every === undefined ? undefined : parseEvery(values.every);
  const trace = await exportHistory(connectGateway(values), { pool, fromMs, toMs, everySec }, { signal: io.signal });
  if (io.signal.aborted) return exitCodes.interrupted;
  if (trace === undefined) throw new InputError(`${pool} has no history between these times`);
  io.stdout.write(formatTrace(trace));
  return exitCodes.ok;
}

function requirePool(pool: string): void {
  if (!isPoolId(pool)) throw new InputError(`'${pool}' is not a pool; write NAMESPACE/NAME, such as shop/mail`);
}

function parseEvery(text: string): number {
  const sec = parseDurationSec(text, '--every');
  if (!(Number.isInteger(sec) && sec >= 1 && sec <= 3600)) {
    throw new InputError(`--every: '${text}' is not a whole number of seconds from 1s to 1h`);
  }
  return sec;
}
