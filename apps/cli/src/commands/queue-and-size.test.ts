import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { type Command, InputError } from '../command.ts';
import { command as queueCommand } from './queue.ts';
import { command as sizeCommand } from './size.ts';

async function run(
  command: Command,
  args: string[],
  input: string | string[] = '',
): Promise<{ code: number; out: string }> {
  let out = '';
  const code = await command.run(args, {
    stdin: Readable.from(typeof input === 'string' ? [input] : input),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: () => undefined },
    signal: new AbortController().signal,
  });
  return { code, out };
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

const basic = ['--arrival-rate', '2', '--service-time', '1s', '--servers', '3'];

describe('capplan queue', () => {
  it('answers with the documented JSON keys', async () => {
    const { code, out } = await run(queueCommand, [...basic, '--json']);
    const answer = JSON.parse(out);
    expect(code).to.equal(0);
    expect(answer).to.have.keys(
      'stable',
      'utilization',
      'p_wait',
      'lq',
      'wq_s',
      'w_s',
      'l',
      'wait_s',
      'response_s',
      'model',
    );
    expect(answer.wait_s).to.have.keys('p50', 'p90', 'p95', 'p99');
    expect(answer.p_wait).to.be.closeTo(4 / 9, 1e-12);
    expect(answer).to.include({ stable: true, model: 'M/M/c' });
  });

  it('shows a table to people, and says when the queue is unstable', async () => {
    expect((await run(queueCommand, basic)).out).to.match(/response +1\.444 s/);
    const busy = ['--arrival-rate', '3', '--service-time', '1s', '--servers', '3'];
    expect((await run(queueCommand, busy)).out).to.match(/^unstable: the offered load of 3 erlangs/);
    expect(JSON.parse((await run(queueCommand, [...busy, '--json'])).out)).to.include({
      stable: false,
      utilization: 1,
    });
  });

  it('answers a stream line by line, in pieces as they come, and goes on after a bad line', async () => {
    const question = '{"arrival_rate":2,"service_time_s":1,"servers":3}';
    const { code, out } = await run(
      queueCommand,
      ['--stdin'],
      [
        question.slice(0, 20),
        `${question.slice(20)}\n\nnonsense\n{"arrival_rate":2,"service_time_s":1,"server":3}\n`,
        '{"arrival_rate":2,"service_time_s":1,"servers":3,"service":"lognormal:4"}',
      ],
    );
    const [first, notJson, misspelt, last] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).to.equal(2);
    expect(first.p_wait).to.be.closeTo(4 / 9, 1e-12);
    expect(notJson).to.include({ line: 3 });
    expect(misspelt).to.deep.equal({ error: 'servers is missing', line: 4 });
    expect(last.model).to.equal('M/G/c');
  });

  it('reads measured service times from a file, scaled where a mean is given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'capplan-'));
    try {
      const file = join(folder, 'times.csv');
      await writeFile(file, '# seconds\njob,service_s\na,1\nb,3\n');
      const args = ['--arrival-rate', '0.5', '--servers', '3', '--service', file, '--json'];
      expect(JSON.parse((await run(queueCommand, args)).out).utilization).to.be.closeTo(1 / 3, 1e-12);
      const scaled = await run(queueCommand, [...args, '--service-time', '4s']);
      expect(JSON.parse(scaled.out).utilization).to.be.closeTo(2 / 3, 1e-12);
      await writeFile(file, 'service_s\n1\n-3\n');
      expect(await refusal(queueCommand, args)).to.match(/times\.csv:3: '-3' is not a service time/);
      await writeFile(file, 'a,b\n1,2\n');
      expect(await refusal(queueCommand, args)).to.match(/times\.csv:1: no column 'value' or 'service_s'/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says which option is off and what would do', async () => {
    expect(await refusal(queueCommand, ['--service-time', '1s', '--servers', '3'])).to.match(
      /--arrival-rate is missing/,
    );
    expect(await refusal(queueCommand, [...basic, '--service', 'weird:3'])).to.match(
      /'weird:3' is not a distribution; write/,
    );
    expect(await refusal(queueCommand, [...basic, '--service', 'h2:0.5'])).to.match(
      /h2: '0.5' is not a number of at least 1/,
    );
    expect(await refusal(queueCommand, [...basic, '--service', 'nowhere.csv'])).to.match(
      /nowhere\.csv: there is no such file/,
    );
  });
});

describe('capplan size', () => {
  const goal = ['--arrival-rate', '150', '--service-time', '2.1s', '--service', 'lognormal:1'];

  it('gives workers, why, and what one more or fewer would do', async () => {
    const { code, out } = await run(sizeCommand, [...goal, '--p95-latency', '500ms', '--of', 'wait', '--json']);
    const answer = JSON.parse(out);
    expect(code).to.equal(0);
    expect(answer).to.include({
      feasible: true,
      binding: 'latency',
      why: 'with one fewer, too many jobs would miss the latency target',
    });
    expect(answer.at_size.latency_s).to.be.at.most(0.5);
    expect(answer.sensitivity.one_fewer.latency_s).to.be.above(0.5);
    expect(answer.sensitivity.one_more.workers).to.equal(answer.workers + 1);
    expect((await run(sizeCommand, [...goal, '--p95-latency', '8s', '--concurrency', '10'])).out).to.match(
      /^32 workers \(320 slots\)/,
    );
  });

  it('exits with 3 and the reason when no number of workers helps', async () => {
    const { code, out } = await run(sizeCommand, [...goal, '--p95-latency', '4s', '--json']);
    expect(code).to.equal(3);
    expect(JSON.parse(out)).to.include({
      feasible: false,
      reason: 'service_time_exceeds_target',
      workers_needed: null,
    });
  });

  it('takes the objective of a call centre: a share within a time', async () => {
    const centre = ['--arrival-rate', '1', '--service-time', '180s', '--of', 'wait'];
    const { out } = await run(sizeCommand, [...centre, '--within', '20s', '--share', '80%', '--json']);
    const { workers, at_size, sensitivity } = JSON.parse(out);
    // 180 erlangs by Erlang C: 188 agents answer 81.7 % within 20 s, 187 agents 77.2 %.
    expect(workers).to.equal(188);
    expect(at_size.late_share).to.be.closeTo(0.183, 0.0005);
    expect(sensitivity.one_fewer.late_share).to.be.closeTo(0.2283, 0.0005);
    expect((await run(sizeCommand, [...centre, '--within', '20s', '--share', '0.8'])).out).to.match(/p80 wait/);
    const stream = '{"arrival_rate":1,"service_time_s":180,"of":"wait","within_s":20,"share":0.8}';
    expect(JSON.parse((await run(sizeCommand, ['--stdin'], stream)).out)).to.include({ workers: 188 });
    expect(await refusal(sizeCommand, [...centre, '--within', '20s'])).to.contain('go together');
    expect(await refusal(sizeCommand, [...centre, '--within', '20s', '--share', '80'])).to.contain(
      'write for example 80%',
    );
    const twice = [...centre, '--within', '20s', '--share', '80%', '--p95-latency', '1m'];
    expect(await refusal(sizeCommand, twice)).to.contain('one latency objective at a time');
  });

  it('needs nobody where nothing arrives', async () => {
    const { code, out } = await run(sizeCommand, [
      '--arrival-rate',
      '0',
      '--service-time',
      '2s',
      '--p95-latency',
      '5s',
    ]);
    expect(code).to.equal(0);
    expect(out).to.match(/^0 workers: nothing arrives/);
    expect(out).not.to.contain('grows');
  });

  it('says when service times vary more than the formulas reach', async () => {
    const wild = ['--arrival-rate', '8', '--service-time', '1s', '--service', 'h2:100'];
    expect((await run(sizeCommand, [...wild, '--max-p-wait', '0.1'])).out).to.contain('caution: service times vary');
    const queue = await run(queueCommand, [...wild, '--servers', '10', '--json']);
    expect(JSON.parse(queue.out).caution).to.match(/scv 100/);
    expect(JSON.parse((await run(queueCommand, [...basic, '--json'])).out)).not.to.have.property('caution');
  });

  it('answers a stream with the same options as fields', async () => {
    const lines = [
      '{"arrival_rate":10,"service_time_s":1,"backlog":900,"drain_time_s":60}',
      '{"arrival_rate":10,"service_time_s":1,"backlog":900}',
      '{"arrival_rate":10,"service_time_s":1,"p95_latency_s":2,"of":"nothing"}',
      '{"arrival_rate":10,"service_time_s":1,"p95_latency_s":0.5}',
    ];
    const { code, out } = await run(sizeCommand, ['--stdin'], lines.join('\n'));
    const answers = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).to.equal(2);
    expect(answers[0]).to.include({ workers: 25, binding: 'drain' });
    expect(answers[1]).to.deep.equal({ error: 'backlog and drain_time go together; one of them is missing', line: 2 });
    expect(answers[2].error).to.match(/^of: 'nothing' is neither/);
    expect(answers[3]).to.include({ feasible: false });
  });

  it('turns what is out of range into a message, not a crash', async () => {
    const message = await refusal(sizeCommand, [...goal, '--backlog', '5', '--drain-time', '0s']);
    expect(message).to.match(/drain\.withinSec must be .* above 0/);
  });
});
