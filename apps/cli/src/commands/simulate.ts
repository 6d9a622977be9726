import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createPolicyControllers, policyOfDraft } from '@capplan/replay';
import { compareInSteps, type Scenario, type SimulationProgress, simulateInSteps, toWire } from '@capplan/simulation';
import { type Command, type CommandIo, exitCodes, InputError } from '../command.ts';
import { readScenarioFile } from '../scenario-file.ts';
import { comparisonTable, simulationTable } from '../simulation-output.ts';
import { comparisonReport, simulationReport } from '../simulation-report.ts';

const help = `usage: capplan simulate SCENARIO.yaml [--compare OTHER.yaml …] [options]

What would this pool do? Simulates a scenario job by job, several times, and gives every figure with its 95 % confidence
interval. With --compare, up to nine others meet the same jobs, and the differences are judged in pairs.

  --compare FILE     another scenario with the same horizon, interval and number of pools; repeatable
  --report OUT.html  writes a page with charts that opens from disk
  --json             one JSON object with the whole timeline instead of a table

A pool whose capacity is a policy is scaled by the planner's own decisions: what if the target were 3 s?

How scenarios are written: docs/scenarios.md; some to start from: examples/scenarios.

exit codes: 0 done, 2 bad input, 130 interrupted

example: capplan simulate examples/scenarios/daily-shop.yaml --report daily-shop.html
`;

/** `capplan simulate`: what-if, without a server. */
export const command: Command = {
  name: 'simulate',
  summary: 'what a pool would do in a scenario, job by job, and which of several is better',
  help,
  run,
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      compare: { type: 'string', multiple: true, default: [] },
      report: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [file, ...extra] = positionals;
  if (file === undefined) throw new InputError('name a scenario file: capplan simulate SCENARIO.yaml');
  const files = [file, ...values.compare];
  // `--compare A B C` reads naturally; whatever stands alone after it is meant the same way.
  if (extra.length > 0 && values.compare.length === 0) {
    throw new InputError(`one scenario at a time; to compare, write --compare ${extra[0]}`);
  }
  files.push(...extra);
  const read: Scenario[] = [];
  for (const path of files) {
    const { scenario, notices } = await readScenarioFile(path);
    for (const notice of notices) io.stderr.write(`${notice}\n`);
    refuseBadPolicies(scenario, path);
    read.push(scenario);
  }
  const [first] = read;
  const controllerFor = createPolicyControllers();
  if (read.length === 1) {
    const outcome = await drive(simulateInSteps(first!, { controllerFor }), io);
    if (outcome === 'interrupted') return exitCodes.interrupted;
    if (!outcome.ok) throw new InputError(`${file}: ${outcome.detail}`);
    await writeReport(values.report, () => simulationReport(first!, outcome.result));
    io.stdout.write(values.json ? `${JSON.stringify(toWire(outcome.result))}\n` : simulationTable(outcome.result));
    return exitCodes.ok;
  }
  const outcome = await drive(compareInSteps(read, { controllerFor }), io);
  if (outcome === 'interrupted') return exitCodes.interrupted;
  if (!outcome.ok) throw new InputError(outcome.detail);
  await writeReport(values.report, () => comparisonReport(read, outcome));
  if (values.json) {
    io.stdout.write(`${JSON.stringify(toWire({ results: outcome.results, pools: outcome.pools }))}\n`);
    return exitCodes.ok;
  }
  io.stdout.write(`${outcome.results.map(simulationTable).join('\n')}\n${comparisonTable(outcome)}`);
  return exitCodes.ok;
}

/** Policies are checked before anything runs, so that an error names file, pool and field. */
function refuseBadPolicies({ pools }: Scenario, path: string): void {
  for (const { name, capacity } of pools) {
    if (capacity.kind !== 'policy') continue;
    const policy = policyOfDraft(capacity.policy);
    if (!policy.ok) throw new InputError(`${path}: pool '${name}': capacity.policy: ${policy.problems.join('; ')}`);
  }
}

/** Runs steps to their end, giving way to signals, with a bar for whatever takes more than a second. */
async function drive<Outcome>(
  steps: Generator<SimulationProgress, Outcome>,
  io: CommandIo,
): Promise<Outcome | 'interrupted'> {
  const startedMs = Date.now();
  let shownMs = startedMs + 900;
  let gaveWayMs = startedMs;
  let shown = false;
  // Elsewhere than on a terminal a bar is only noise.
  const draws = (io.stderr as { isTTY?: boolean }).isTTY === true;
  const clear = () => {
    if (shown) io.stderr.write('\r\u001b[K');
  };
  for (;;) {
    const step = steps.next();
    if (step.done) {
      clear();
      return step.value;
    }
    const nowMs = Date.now();
    if (draws && nowMs - shownMs > 100) {
      shownMs = nowMs;
      shown = true;
      io.stderr.write(`\r${bar(step.value.fraction, nowMs - startedMs)}`);
    }
    if (nowMs - gaveWayMs > 50) {
      gaveWayMs = nowMs;
      await new Promise((resolve) => setImmediate(resolve));
      if (io.signal.aborted) {
        clear();
        return 'interrupted';
      }
    }
  }
}

function bar(fraction: number, elapsedMs: number): string {
  const width = 30;
  const full = Math.round(width * fraction);
  const leftSec = fraction > 0 ? Math.ceil((elapsedMs * (1 - fraction)) / fraction / 1000) : 0;
  const percent = String(Math.floor(fraction * 100)).padStart(3);
  return `simulating [${'='.repeat(full)}${' '.repeat(width - full)}] ${percent} %, ${leftSec} s left \u001b[K`;
}

async function writeReport(path: string | undefined, draw: () => string): Promise<void> {
  if (path === undefined) return;
  try {
    await writeFile(path, draw());
  } catch (error) {
    throw new InputError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}
