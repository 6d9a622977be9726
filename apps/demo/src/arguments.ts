import { parseArgs } from 'node:util';

export interface DemoArguments {
  /** CSV of `timestamp,arrival_rate`; absent: the generated trace. */
  traceFile: string | undefined;
  /** Virtual seconds in a real one. */
  speed: number;
  /** Mean offered load, in workers. */
  loadWorkers: number;
  headless: boolean;
  /** Real minutes until it stops by itself; 0 runs until Ctrl-C. */
  minutes: number;
  json: boolean;
  /** Port of the API on the loopback interface; 0 takes a free one. */
  port: number;
  /** Whether nats-server and redis-server may be installed on this machine where they are missing. */
  install: boolean;
  /** Where records live; absent: a fresh folder that goes away at the end. */
  dataDir: string | undefined;
  /** Whether three weeks lie behind the generated day. */
  history: boolean;
  seed: number;
  help: boolean;
}

export const demoHelp = `npm start -- [options]: a real pool of workers, scaled live

  --trace FILE.csv   replay these arrivals (timestamp,arrival_rate); default: a generated week
  --speed N          run N times faster than the clock on the wall (default 144: a day in ten minutes)
  --load W           scale the trace to a mean offered load of W workers (default 8)
  --headless         no screen
  --minutes M        stop after M minutes (default: run until Ctrl-C)
  --json             end with one line of JSON
  --data DIR         keep records in DIR and go on from what is there (one run at a time)
  --port N           port of the API (default: a free one)
  --install          install nats-server and redis-server through apt where they are missing (needs root or sudo);
                     without it the machine is left as it is, and in-memory servers stand in
  --no-history       a pool without a past: how it begins when nothing is known of it
  --seed N           seed of arrivals and service times (default 1)

Ctrl-C stops everything and sums up; a second one ends at once. Exit codes: 0 summed up, 1 failed, 2 bad options,
130 interrupted before there was anything to sum up, or by a second Ctrl-C.
`;

export type ArgumentsVerdict = { ok: true; value: DemoArguments } | { ok: false; problems: string[] };

export function readArguments(words: string[]): ArgumentsVerdict {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: words,
      options: {
        trace: { type: 'string' },
        speed: { type: 'string', default: '144' },
        load: { type: 'string', default: '8' },
        headless: { type: 'boolean', default: false },
        minutes: { type: 'string', default: '0' },
        json: { type: 'boolean', default: false },
        data: { type: 'string' },
        port: { type: 'string', default: '0' },
        install: { type: 'boolean', default: false },
        'no-history': { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return { ok: false, problems: [error instanceof Error ? error.message : String(error)] };
  }
  const problems: string[] = [];
  const number = (name: string, min: number, max: number): number => {
    const text = String(values[name]);
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= min && value <= max)) problems.push(`--${name}: '${text}' is not a number from ${min} to ${max}`);
    return value;
  };
  const value: DemoArguments = {
    traceFile: values.trace as string | undefined,
    speed: number('speed', 0.1, 2000),
    loadWorkers: number('load', 0.1, 100),
    headless: values.headless === true,
    minutes: number('minutes', 0, 100_000),
    json: values.json === true,
    dataDir: values.data as string | undefined,
    port: number('port', 0, 65_535),
    install: values.install === true,
    // Of a file nobody knows what was before.
    history: values['no-history'] !== true && values.trace === undefined,
    seed: number('seed', 0, 2 ** 32),
    help: values.help === true,
  };
  if (value.json && value.minutes === 0 && value.headless)
    problems.push('--headless --json: say how long with --minutes M');
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value };
}
