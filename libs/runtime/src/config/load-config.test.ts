import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import Type from 'typebox';
import { describeConfig, loadConfig } from './load-config.ts';
import { RuntimeConfig } from './runtime-config.ts';

const Config = Type.Object({
  port: Type.Integer({ default: 8080, minimum: 1, maximum: 65_535, env: 'PORT', description: 'Port to listen on' }),
  share: Type.Number({ default: 0.5, maximum: 1, env: 'SHARE', description: 'A share' }),
  isDry: Type.Boolean({ default: false, env: 'DRY', description: 'Write nothing' }),
  mode: Type.Enum(['slow', 'fast'], { default: 'slow', env: 'MODE', description: 'How' }),
  hosts: Type.Array(Type.String(), { default: [], env: 'HOSTS', description: 'Who' }),
  secret: Type.String({ minLength: 1, env: 'SECRET', description: 'A secret' }),
});

describe('loadConfig', () => {
  it('reads what is set, takes defaults for the rest, and freezes the whole', () => {
    const config = loadConfig(Config, { PORT: '9090', DRY: 'true', HOSTS: '["a","b"]', SECRET: 'x', SHARE: '' });
    expect(config).to.deep.equal({ port: 9090, share: 0.5, isDry: true, mode: 'slow', hosts: ['a', 'b'], secret: 'x' });
    expect(Object.isFrozen(config) && Object.isFrozen(config.hosts)).to.equal(true);
  });

  it('does not hand the default of the schema itself out', () => {
    const config = loadConfig(Config, { SECRET: 'x' });
    const { default: ofSchema } = Config.properties.hosts as { default?: unknown };
    expect(config.hosts).not.to.equal(ofSchema);
    expect(Object.isFrozen(ofSchema)).to.equal(false);
  });

  it('names every problem at once, each with its variable and without the value', () => {
    const bad = { PORT: 'seventy', SHARE: '7', DRY: 'perhaps', MODE: 'medium-secret', HOSTS: '[' };
    let problems: string[] = [];
    try {
      loadConfig(Config, bad);
    } catch (error) {
      expect(error).to.be.instanceOf(CapacityError);
      problems = (error as CapacityError).detail as string[];
      for (const problem of problems) expect((error as CapacityError).message).to.include(problem);
    }
    expect(problems.map((problem) => problem.slice(0, problem.indexOf(' '))).sort()).to.deep.equal([
      'DRY',
      'HOSTS',
      'MODE',
      'PORT',
      'SECRET',
      'SHARE',
    ]);
    expect(problems.join()).not.to.include('medium-secret');
    expect(problems.find((problem) => problem.startsWith('SECRET'))).to.include('must be set');
  });

  it('reads a secret from the file that its variable with _FILE names, and only a secret', () => {
    const folder = mkdtempSync(join(tmpdir(), 'capacity-planner-'));
    const path = join(folder, 'secret');
    writeFileSync(path, 'w@rd \n');
    const Secret = Type.Object({
      word: Type.String({ default: '', env: 'WORD', secret: true, description: 'A word' }),
      open: Type.String({ default: 'open', env: 'OPEN', description: 'No secret' }),
    });
    const problemsOf = (env: Record<string, string>) => {
      try {
        loadConfig(Secret, env);
        return [];
      } catch (error) {
        return (error as CapacityError).detail;
      }
    };
    expect(loadConfig(Secret, { WORD_FILE: path, OPEN_FILE: path })).to.deep.equal({ word: 'w@rd ', open: 'open' });
    expect(loadConfig(Secret, { WORD: 'direct', WORD_FILE: '' })).to.include({ word: 'direct' });
    expect(problemsOf({ WORD: 'w@rd', WORD_FILE: path })).to.deep.equal([
      'WORD and WORD_FILE are both set; set one of them',
    ]);
    const none = join(folder, 'none');
    expect(problemsOf({ WORD_FILE: none })).to.deep.equal([`WORD_FILE: the file ${none} cannot be read (ENOENT)`]);
    rmSync(folder, { recursive: true });
  });

  it('reads the settings of the process itself from an empty environment', () => {
    expect(loadConfig(RuntimeConfig, {})).to.include({ natsUrl: 'nats://127.0.0.1:4222', probePort: 0 });
  });
});

describe('describeConfig', () => {
  it('lists variable, default and meaning', () => {
    expect(describeConfig(Config)[0]).to.deep.equal({ env: 'PORT', default: 8080, description: 'Port to listen on' });
  });
});
