import { parseArgs } from 'node:util';
import type { Decision } from '@capplan/planning';
import { createDecisionLoop } from '@capplan/replay';
import { answerLines } from '../answer-lines.ts';
import { type Command, type CommandIo, InputError } from '../command.ts';
import { parseDurationSec, parseNumber } from '../durations.ts';
import { readPolicyFile } from '../policy-file.ts';
import { completeSnapshot } from '../snapshot-line.ts';
import { readTraceFile } from '../trace-file.ts';

const help = `usage: capplan decide --policy POLICY.yaml [options] < SNAPSHOTS > DECISIONS

Runs the real decision code on measurements from anywhere: one snapshot (a JSON object) per line in, one decision per
line out, at once. What it has learned is kept from line to line.

  --policy FILE          the policy, YAML or JSON
  --startup-delay LENGTH order to first job of a new worker (default 120s)
  --concurrency N        slots of one worker (default 1)
  --worker-cost MONEY    one worker for one hour (default 1)
  --service-time LENGTH  mean service time to go by until one has been measured
  --pool ID              namespace/name, for plans and reasons (default default/pool)
  --tags LIST            tags of the pool, such as pci
  --history FILE.csv     demand before the first line (timestamp,arrival_rate) to learn from
  --explain              adds the explanation and the rejected alternatives to each plan

A line needs timestamp (ISO 8601, or seconds since 1970; the end of the interval), interval_s, arrival_rate (jobs per
second; null is unknown), backlog and current_workers (those that take jobs). Better with completion_rate, busy_slots,
starting_workers, service_time_mean_s and service_time_scv; every other field of a snapshot is understood too.
Lines are in order of time. The number of workers decided on is taken to be ordered at once.

A decision has timestamp, workers (to have ordered from now on), plan (current_workers, target_workers, floor_workers,
steps, confidence, slo_achievable, hold, violation_probability, cost_impact) and reason. floor_workers is the minimum to
set for another autoscaler where the policy says floor_only; elsewhere it is the target. A bad line gets
{"error":…,"line":N}.

exit codes: 0 done, 2 a line or an option was refused

example: capplan decide --policy policy.yaml --startup-delay 90s < snapshots.jsonl > decisions.jsonl
`;

/** `capplan decide`: the decision code as a filter of snapshots. */
export const command: Command = {
  name: 'decide',
  summary: 'snapshots in, decisions out, one per line',
  help,
  run,
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      policy: { type: 'string' },
      'startup-delay': { type: 'string', default: '120s' },
      concurrency: { type: 'string', default: '1' },
      'worker-cost': { type: 'string', default: '1' },
      'service-time': { type: 'string' },
      pool: { type: 'string', default: 'default/pool' },
      tags: { type: 'string', default: '' },
      history: { type: 'string' },
      explain: { type: 'boolean', default: false },
    },
  });
  if (positionals.length > 0) throw new InputError(`'${positionals[0]}': snapshots are read from standard input`);
  if (values.policy === undefined) throw new InputError('--policy: name the policy file, YAML or JSON');
  const policy = readPolicyFile(values.policy);
  const concurrency = parseNumber(values.concurrency, '--concurrency', { min: 1, max: 10_000, integer: true });
  const serviceTime = values['service-time'];
  const loop = createDecisionLoop({
    policy,
    pool: {
      id: values.pool,
      concurrency,
      startupDelaySec: parseDurationSec(values['startup-delay'], '--startup-delay'),
      workerCostPerHour: parseNumber(values['worker-cost'], '--worker-cost', { min: 0 }),
      tags: values.tags.split(',').filter((tag) => tag !== ''),
      ...(serviceTime !== undefined && { serviceTimeHintSec: parseDurationSec(serviceTime, '--service-time') }),
    },
  });
  if (values.history !== undefined) loop.learnTrace((await readTraceFile(values.history)).trace);

  let before = '';
  return answerLines(io, (line) => {
    const snapshot = completeSnapshot(line, { poolId: values.pool, concurrency });
    if (snapshot.timestamp <= before) {
      throw new Error(`timestamp ${snapshot.timestamp} is not after ${before}, the line before it`);
    }
    before = snapshot.timestamp;
    return answerOf(loop.decide(snapshot), { snapshotTime: snapshot.timestamp, explain: values.explain });
  });
}

function answerOf(decision: Decision, { snapshotTime, explain }: { snapshotTime: string; explain: boolean }) {
  return {
    timestamp: snapshotTime,
    workers: decision.targetWorkers,
    plan: {
      current_workers: decision.currentWorkers,
      target_workers: decision.targetWorkers,
      floor_workers: decision.floorWorkers,
      steps: decision.steps,
      confidence: decision.confidence,
      slo_achievable: decision.sloAchievable,
      hold: decision.hold ?? null,
      violation_probability: decision.violationProbability,
      expected_arrival_rate: decision.expectedRatePerSec,
      large_change: decision.largeChange,
      cost_impact: decision.costImpact,
      ...(explain && { explanation: decision.explanation, alternatives: decision.alternatives }),
    },
    reason: decision.rationale,
  };
}
