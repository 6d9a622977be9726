import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { formatTrace, generateTrace } from '@capplan/traces';
import { expect } from 'chai';
import { type Command, InputError } from '../command.ts';
import { command as backtestCommand } from './backtest.ts';
import { command as decideCommand } from './decide.ts';
import { command as validateCommand } from './validate.ts';

async function run(command: Command, args: string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await command.run(args, {
    stdin: Readable.from([input]),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

async function refusal(command: Command, args: string[]): Promise<string> {
  try {
    await run(command, args);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

const policyText = `
name: test
mode: auto
slo: { p95_latency: 20s }
scaling: { min_workers: 1, max_workers: 500 }
`;

describe('the commands that run the real decisions', () => {
  let folder: string;
  let policy: string;
  let trace: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capplan-decisions-'));
    policy = join(folder, 'policy.yaml');
    trace = join(folder, 'trace.csv');
    await writeFile(policy, policyText);
    await writeFile(trace, formatTrace(generateTrace({ seed: 4, days: 1.2, intervalSec: 300, spike: null })));
  });
  after(() => rm(folder, { recursive: true }));

  describe('capplan backtest', () => {
    const job = ['--service-time', '4s', '--service', 'lognormal:1', '--load', '6', '--eval', '4h'];

    it('says what the policy did beside others, and writes orders and a report', async () => {
      const decisions = join(folder, 'decisions.csv');
      const report = join(folder, 'report.html');
      const outputs = ['--decisions', decisions, '--report', report, '--json'];
      const { code, out } = await run(backtestCommand, [
        trace,
        '--policy',
        policy,
        ...job,
        '--against',
        'hpa,oracle',
        ...outputs,
      ]);
      const answer = JSON.parse(out);
      expect(code).to.equal(0);
      expect(answer.jobs).to.be.closeTo((6 / 4) * 14_400, 2);
      expect(answer.windows_within_target).to.be.within(0.8, 1);
      expect(answer.worker_hours).to.be.greaterThan(6 * 4);
      expect(answer.against).to.have.keys('hpa', 'oracle');
      expect(answer.against.oracle.worker_hours_vs_oracle).to.equal(1);
      const rows = (await readFile(decisions, 'utf8')).trim().split('\n');
      expect(rows[0]).to.equal('time_s,workers');
      expect(rows.slice(1).every((row) => /^\d+,\d+$/.test(row))).to.equal(true);
      const page = await readFile(report, 'utf8');
      expect(page.match(/<svg/g)).to.have.length(4);
      expect(page).to.not.contain('NaN');
    });

    it('names file, line and reason of a bad trace, and the field of a bad policy', async () => {
      const bad = join(folder, 'bad.csv');
      await writeFile(bad, 'timestamp,arrival_rate\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,-4\n');
      expect(await refusal(backtestCommand, [bad, '--policy', policy, ...job]))
        .to.contain(`${bad}:3`)
        .and.to.contain('negative');
      const misspelt = join(folder, 'misspelt.yaml');
      await writeFile(misspelt, policyText.replace('min_workers', 'min_worker'));
      const said = await refusal(backtestCommand, [trace, '--policy', misspelt, ...job]);
      expect(said).to.contain(misspelt).and.to.contain('scaling').and.to.contain('min_worker');
      const broken = join(folder, 'broken.yaml');
      await writeFile(broken, 'name: [');
      expect(await refusal(backtestCommand, [trace, '--policy', broken, ...job])).to.match(/broken\.yaml:\d+/);
    });

    it('says how long a trace must be', async () => {
      const said = await refusal(backtestCommand, [trace, '--policy', policy, '--service-time', '4s', '--eval', '7d']);
      expect(said).to.contain('covers 1.20 days').and.to.contain('7.00 days');
    });

    it('ends with its own code when service alone breaks the objective', async () => {
      const { code, err } = await run(backtestCommand, [trace, '--policy', policy, '--service-time', '15s']);
      expect(code).to.equal(3);
      expect(err).to.contain('slo.p95_latency');
    });
  });

  describe('capplan decide', () => {
    const line = (minute: number, change = {}): string =>
      JSON.stringify({
        timestamp: new Date(Date.UTC(2026, 0, 5, 0, minute)).toISOString(),
        interval_s: 60,
        arrival_rate: 10,
        completion_rate: 10,
        backlog: 0,
        busy_slots: 40,
        current_workers: 50,
        starting_workers: 0,
        service_time_mean_s: 4,
        service_time_scv: 1,
        ...change,
      });

    it('answers each snapshot with a decision of the documented form', async () => {
      const { code, out } = await run(decideCommand, ['--policy', policy], `${line(1)}\n${line(2)}\n`);
      const answers = out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text));
      expect(code).to.equal(0);
      expect(answers).to.have.length(2);
      expect(answers[0]).to.have.keys('timestamp', 'workers', 'plan', 'reason');
      expect(answers[0].timestamp).to.equal('2026-01-05T00:01:00.000Z');
      expect(answers[0].plan.target_workers).to.equal(answers[0].workers);
    });

    it('orders more when jobs pile up', async () => {
      const pile = [1, 2, 3].map((minute) => line(minute, { arrival_rate: 30, backlog: 400 * minute, busy_slots: 50 }));
      const { out } = await run(decideCommand, ['--policy', policy, '--startup-delay', '60s'], pile.join('\n'));
      expect(
        Math.max(
          ...out
            .trim()
            .split('\n')
            .map((text) => JSON.parse(text).workers),
        ),
      ).to.be.greaterThan(80);
    });

    it('answers a bad line with its number and goes on', async () => {
      const input = [
        line(1),
        'nonsense',
        '{"timestamp":1}',
        line(1),
        line(2, { backlog: -1 }),
        line(3, { arrival_rate: null }),
      ];
      const { code, out } = await run(decideCommand, ['--policy', policy], input.join('\n'));
      const answers = out
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text));
      expect(code).to.equal(2);
      expect(answers.map((answer) => answer.line ?? 0)).to.deep.equal([0, 2, 3, 4, 5, 0]);
      expect(answers[2].error).to.contain('interval_s');
      expect(answers[3].error).to.contain('is not after');
      expect(answers[4].error).to.contain('backlog');
      expect(answers[5].workers).to.be.at.least(50);
    });
  });

  describe('capplan validate', () => {
    it('scores a folder and skips what is too short', async () => {
      const suite = join(folder, 'suite');
      await mkdir(suite);
      await writeFile(join(suite, 'a.csv'), await readFile(trace, 'utf8'));
      await writeFile(join(suite, 'short.csv'), formatTrace(generateTrace({ seed: 1, days: 0.01, intervalSec: 60 })));
      const { code, out } = await run(validateCommand, [
        suite,
        '--only',
        'recorded',
        '--load',
        '6',
        '--eval',
        '3h',
        '--json',
      ]);
      const answer = JSON.parse(out);
      expect(code).to.equal(0);
      expect(answer.details.map((detail: { trace: string }) => detail.trace)).to.deep.equal(['a']);
      expect(answer.skipped[0].trace).to.equal('short');
      for (const part of ['overall_score', 'accuracy', 'stability', 'efficiency'])
        expect(answer[part]).to.be.within(0, 1);
      expect(answer.overall_score).to.be.closeTo((answer.accuracy + answer.stability + answer.efficiency) / 3, 1e-12);
    });

    it('refuses a folder without traces', async () => {
      const empty = await mkdtemp(join(folder, 'empty-'));
      expect(await refusal(validateCommand, [empty])).to.contain('no .csv file');
    });
  });
});
