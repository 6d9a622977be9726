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

  describe('in a time zone', () => {
    const startMs = Date.parse('2026-02-28T23:00:00Z');
    /** 29 days from 1 March in Berlin, over the change of the 29th, written in some form. */
    const written = async (name: string, form: (ms: number) => string, everySec = 3600): Promise<string> => {
      const rows = Array.from({ length: Math.round((29 * 86_400) / everySec) }, (_, i) => {
        const ms = startMs + i * everySec * 1000;
        const isNight = Math.floor((ms + 3_600_000) / 3_600_000) % 24 < 6;
        return `${form(ms)},${isNight ? 1 : 9 + (i % 3)}`;
      });
      const path = join(folder, `${name}.csv`);
      await writeFile(path, ['timestamp,arrival_rate', ...rows].join('\n'));
      return path;
    };
    const offsetHours = (ms: number): number => (ms >= Date.UTC(2026, 2, 29, 1) ? 2 : 1);
    const local = (ms: number): string => new Date(ms + offsetHours(ms) * 3_600_000).toISOString().slice(0, 19);
    const forms = {
      utc: (ms: number) => new Date(ms).toISOString(),
      offset: (ms: number) => `${local(ms)}+0${offsetHours(ms)}:00`,
      local: (ms: number) => local(ms).replace('T', ' '),
    };
    const steps = async (...args: string[]): Promise<{ notes: string[]; forecasts: { steps: unknown[] }[] }> =>
      JSON.parse((await run(...args, '--every', '1h', '--json')).out);

    it('gives one forecast whichever way times are written, wherever the machine is, with an event in the same zone', async () => {
      const before = process.env.TZ;
      try {
        const found: unknown[] = [];
        for (const machine of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
          process.env.TZ = machine;
          for (const [name, form] of Object.entries(forms)) {
            const path = await written(`zone-${name}`, form);
            const asked = [path, '--time-zone', 'Europe/Berlin', '--event', '2026-03-30 08:00/2026-03-30 10:00=3'];
            found.push((await steps(...asked)).forecasts[0]?.steps);
          }
        }
        for (const each of found) expect(each).to.deep.equal(found[0]);
      } finally {
        if (before === undefined) delete process.env.TZ;
        else process.env.TZ = before;
      }
    });

    it('puts what is worth knowing about the file into JSON and CSV too', async () => {
      const path = await written('zone-local', forms.local);
      const note = 'timestamps name no time zone and are times of Europe/Berlin';
      expect((await steps(path, '--time-zone', 'Europe/Berlin')).notes.join()).to.contain(note);
      const { out } = await run(path, '--time-zone', 'Europe/Berlin', '--every', '1h', '--format', 'csv');
      expect(out.split('\n')[0])
        .to.match(/^# note: /)
        .and.contain(note);
      expect((await steps(await written('zone-offset', forms.offset))).notes.join()).to.contain(
        'the clock of the file',
      );
    });

    it('forecasts days at local midnight over a change of the clock', async () => {
      const path = join(folder, 'days.csv');
      const days = Array.from({ length: 60 }, (_, i) => {
        const day = new Date(Date.UTC(2026, 1, 1 + i)).toISOString().slice(0, 10);
        return `${day}T00:00:00${day > '2026-03-29' ? '+02:00' : '+01:00'},${100 + 10 * (i % 7)}`;
      });
      await writeFile(path, ['timestamp,arrival_rate', ...days].join('\n'));
      const { code, out } = await run(
        path,
        '--every',
        '1d',
        '--horizon',
        '3d',
        '--time-zone',
        'Europe/Berlin',
        '--json',
      );
      expect(code).to.equal(0);
      const [made] = JSON.parse(out).forecasts;
      expect(made.steps.map(({ timestamp }: { timestamp: string }) => timestamp)).to.deep.equal([
        '2026-04-01T22:00:00Z',
        '2026-04-02T22:00:00Z',
        '2026-04-03T22:00:00Z',
      ]);
    });
  });
});
