import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cores = [
  'contracts',
  'random',
  'traces',
  'sketch',
  'queueing',
  'forecasting',
  'simulation',
  'planning',
  'deciding',
  'replay',
];

/** Runs a tool of the checkout, with its settings, over a few files that break a rule. */
function judge(tool: string, args: string[], files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'capplan-rules-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const run = spawnSync(join(root, 'node_modules/.bin', tool), args, { cwd: folder, encoding: 'utf8' });
    return `${run.stdout}${run.stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the purity rule', () => {
  const verdict = (path: string, line: string) =>
    judge('oxlint', ['.'], {
      // The settings go along, because their paths count from where they stand.
      '.oxlintrc.json': readFileSync(join(root, '.oxlintrc.json'), 'utf8'),
      [path]: `export const value = () => ${line};\n`,
    });

  for (const [line, culprit] of [
    ['Date.now()', 'Date.now'],
    ['Math.random()', 'Math.random'],
    ['performance.now()', 'performance'],
    ['process.env', 'process'],
    ['setTimeout(() => {}, 1)', 'setTimeout'],
    ["fetch('')", 'fetch'],
  ] as const) {
    it(`refuses ${culprit} in a core and in a decide.ts, and nowhere else`, () => {
      expect(verdict('libs/planning/src/step.ts', line)).to.contain(`'${culprit}'`);
      expect(verdict('services/planner/src/decide.ts', line)).to.contain(`'${culprit}'`);
      expect(verdict('services/planner/src/main.ts', line)).to.not.contain(`'${culprit}'`);
    });
  }

  it('finds no core that asks for the present time by making a date of nothing', () => {
    const sources = cores.flatMap((core) =>
      readdirSync(join(root, 'libs', core, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .map((file) => join(root, 'libs', core, 'src', file)),
    );
    expect(sources.length).to.be.greaterThan(20);
    expect(sources.filter((file) => /new Date\(\s*\)/.test(readFileSync(file, 'utf8')))).to.deep.equal([]);
  });
});

describe('the boundary rule', () => {
  const broken = (from: string, to: string, line: (path: string) => string) => {
    const path = `${'../'.repeat(from.split('/').length - 1)}${to}`;
    return judge(
      'depcruise',
      ['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'err', 'libs', 'services', 'apps'],
      {
        [from]: line(path),
        [to]: 'export const thing = 1;\n',
        'apps/cli/src/keep.ts': 'export {};\n',
        'libs/contracts/src/keep.ts': 'export {};\n',
        'services/planner/src/keep.ts': 'export {};\n',
      },
    );
  };
  const importing = (path: string) => `import { thing } from '${path}';\nexport const other = thing;\n`;

  for (const [from, to, rule] of [
    ['libs/contracts/src/a.ts', 'libs/planning/src/b.ts', 'contracts-import-nothing'],
    ['libs/planning/src/a.ts', 'libs/runtime/src/b.ts', 'cores-import-cores-and-contracts'],
    ['libs/runtime/src/a.ts', 'libs/planning/src/b.ts', 'runtime-knows-no-capacity'],
    ['services/planner/src/a.ts', 'services/executor/src/b.ts', 'services-do-not-know-each-other'],
    ['apps/cli/src/a.ts', 'services/executor/src/b.ts', 'only-the-stack-puts-services-together'],
    ['services/planner/src/decide.ts', 'services/planner/src/adapters/b.ts', 'decide-imports-no-world'],
  ] as const) {
    it(`refuses ${from} → ${to}`, () => {
      expect(broken(from, to, importing)).to.contain(rule);
    });
  }

  it('refuses a core that opens a file', () => {
    const output = broken(
      'libs/queueing/src/a.ts',
      'libs/queueing/src/b.ts',
      () => "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
    );
    expect(output).to.contain('pure-code-touches-no-world');
  });
});
