import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { formatTrace, generateTrace } from '@capplan/traces';
import { expect } from 'chai';
import { InputError } from '../command.ts';
import { command } from './forecast.ts';

describe('capplan forecast', () => {
  let folder: string;
  let file: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capplan-forecast-'));
    file = join(folder, 'shop.csv');
    await writeFile(file, formatTrace(generateTrace({ seed: 5, days: 16, intervalSec: 900, name: 'shop' })));
  });

  after(() => rm(folder, { recursive: true }));

  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const code = await command.run(args, {
      stdin: Readable.from([]),
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      signal: new AbortController().signal,
    });
    return { code, out, err };
  }

  async function refusal(...args: string[]): Promise<string> {
    try {
      await run(...args);
    } catch (error) {
      if (error instanceof Error) return `${error instanceof InputError ? '' : 'unexpected '}${error.message}`;
    }
    return 'nothing refused';
  }

  it('writes one CSV row a step, for each origin, with ordered intervals', async () => {
    const { code, out, err } = await run(
      file,
      '--origins',
      '1000,1200',
      '--horizon',
      '6h',
      '--levels',
      '0.8,0.95',
      '--format',
      'csv',
    );
    const [header, ...rows] = out.trim().split('\n');
    expect(code).to.equal(0);
    expect(header).to.equal('origin,step,timestamp,mean,lo_0.8,hi_0.8,lo_0.95,hi_0.95');
    expect(rows).to.have.length(48);
    expect(rows[0]).to.match(/^1000,1,2026-01-15T10:00:00Z,/);
    for (const row of rows) {
      const [mean, lo80, hi80, lo95, hi95] = row.split(',').slice(3).map(Number) as [
        number,
        number,
        number,
        number,
        number,
      ];
      expect(lo95 <= lo80 && lo80 <= mean && mean <= hi80 && hi80 <= hi95, row).to.equal(true);
    }
    expect(err).to.match(/fit [\d.]+ ms .* update [\d.]+ µs/);
  });

  it('looks at nothing after the origin', async () => {
    const text = await readFile(file, 'utf8');
    const cut = join(folder, 'cut.csv');
    await writeFile(
      cut,
      `${text
        .split('\n')
        .slice(0, 3 + 1100)
        .join('\n')}\n`,
    );
    const options = ['--origins', '1100', '--horizon', '24h', '--format', 'csv'];
    expect((await run(cut, ...options)).out).to.equal((await run(file, ...options)).out);
  });

  it('answers in JSON with accuracy and what was compared', async () => {
    const { out } = await run(file, '--json', '--origins', 'last:2', '--horizon', '1h');
    const { forecasts, every_s: everySec } = JSON.parse(out);
    expect(everySec).to.equal(900);
    expect(forecasts.map(({ origin }: { origin: number }) => origin)).to.deep.equal([1152, 1344]);
    expect(forecasts[0].steps).to.have.length(4);
    expect(forecasts[0].accuracy.wape).to.be.within(0, 1);
    expect(forecasts[0].candidates[0]).to.have.keys(['model', 'relative_error']);
  });

  it('shows people a table and draws a page that opens from disk', async () => {
    const page = join(folder, 'forecast.html');
    const { out } = await run(file, '--plot', page);
    expect(out).to.contain('shop: 1536 intervals of 900 s').and.to.contain('95 % interval');
    expect(await readFile(page, 'utf8'))
      .to.contain('<svg')
      .and.to.contain('forecast from here');
  });

  it('multiplies by an event and follows a time zone', async () => {
    const plain = await run(file, '--format', 'csv', '--horizon', '1h', '--time-zone', 'Europe/Berlin');
    const event = '2026-01-21T00:00Z/2026-01-22T00:00Z=2';
    const doubled = await run(
      file,
      '--format',
      'csv',
      '--horizon',
      '1h',
      '--time-zone',
      'Europe/Berlin',
      '--event',
      event,
    );
    const mean = (text: string): number => Number(text.split('\n')[1]?.split(',')[3]);
    expect(mean(doubled.out) / mean(plain.out)).to.be.closeTo(2, 1e-6);
  });

  it('names file, line and reason of bad input', async () => {
    const bad = join(folder, 'bad.csv');
    await writeFile(bad, 'timestamp,arrival_rate\n2026-01-01T00:00:00Z,1\n2026-01-01T00:15:00Z,-3\n');
    expect(await refusal(bad)).to.equal(`${bad}:3: arrival_rate -3 is negative`);
    expect(await refusal(join(folder, 'none.csv'))).to.contain('there is no such file');
    expect(await refusal(folder)).to.contain('it is a folder');
  });

  it('says how much history is missing', async () => {
    expect(await refusal(file, '--origins', '5')).to.contain(
      'needs at least 12 known intervals of 900 s, the series has 5',
    );
    expect(await refusal(file, '--origins', '100', '--model', 'holt_winters')).to.contain('needs at least 193');
  });

  it('refuses options that mean nothing', async () => {
    expect(await refusal()).to.contain('expected one trace file, got 0');
    expect(await refusal(file, '--model', 'oracle')).to.contain("'oracle' is none of auto, naive");
    expect(await refusal(file, '--horizon', '8d')).to.contain('more than 7d');
    expect(await refusal(file, '--levels', '0.8,1.5')).to.contain('--levels');
    expect(await refusal(file, '--origins', '9999')).to.contain('at most 1536');
    expect(await refusal(file, '--time-zone', 'Mars/Base')).to.contain('not known');
    expect(await refusal(file, '--event', 'tomorrow=2')).to.contain('--event');
    expect(await refusal(file, '--format', 'xml')).to.contain('none of table, csv, json');
    expect(await refusal(file, '--plot', 'chart.png')).to.contain('.html or .svg');
  });
});
