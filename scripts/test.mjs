// `npm test [suite …] [-- mocha options]`: prepares the checkout, checks it, and runs the suites; the last line counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

const suites = {
  unit: { specs: ['{libs,services,apps}/*/src/**/*.test.ts', 'tests/contract/**/*.test.ts'], timeoutMs: 30_000 },
  world: { specs: ['tests/world/**/*.test.ts'], timeoutMs: 600_000 },
  fuzz: { specs: ['tests/fuzz/**/*.test.ts'], timeoutMs: 600_000, servers: true },
  integration: { specs: ['tests/integration/**/*.test.ts'], timeoutMs: 120_000, servers: true },
  chaos: { specs: ['tests/chaos/**/*.test.ts'], timeoutMs: 300_000, servers: true },
  e2e: { specs: ['tests/e2e/**/*.test.ts'], timeoutMs: 400_000, servers: true },
};

const words = process.argv.slice(2).filter((word) => word !== '--');
const coverage = words.includes('--coverage');
const chosen = words.filter((word) => word in suites);
const mochaOptions = words.filter((word) => !(word in suites) && word !== '--coverage');
const names = chosen.length > 0 ? chosen : Object.keys(suites);

prepare();
const folder = mkdtempSync(join(tmpdir(), 'capplan-tests-'));
const counts = join(folder, 'counts');
let failedSteps = 0;

if (chosen.length === 0) step('lint', [join(root, 'scripts/check.mjs'), 'lint']);
if (names.some((name) => suites[name].servers)) step('servers', [join(root, 'scripts/servers.mjs')]);
for (const name of names) {
  const { specs, timeoutMs } = suites[name];
  const mocha = [
    join(root, 'node_modules/mocha/bin/mocha.js'),
    '--reporter',
    join(root, 'scripts/mocha-reporter.cjs'),
    '--timeout',
    String(timeoutMs),
    // Clients that reconnect for ever would keep the process alive after the last test.
    '--exit',
    ...mochaOptions,
    ...specs,
  ];
  step(
    name,
    coverage
      ? [
          join(root, 'node_modules/c8/bin/c8.js'),
          '--include',
          '{libs,services,apps}/*/src/**',
          process.execPath,
          ...mocha,
        ]
      : mocha,
  );
}

let passed = 0;
let failed = 0;
let skipped = 0;
if (existsSync(counts)) {
  for (const line of readFileSync(counts, 'utf8').trim().split('\n')) {
    const [passes, failures, pending] = line.split(' ').map(Number);
    passed += passes;
    failed += failures;
    skipped += pending;
  }
}
rmSync(folder, { recursive: true });
failed = Math.max(failed, failedSteps);
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

function step(name, args) {
  process.stdout.write(`\n== ${name}\n`);
  const child = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CAPPLAN_TEST_COUNTS: counts },
  });
  if (child.status !== 0) {
    failedSteps++;
    process.stdout.write(`== ${name} failed (${child.signal ?? `exit code ${child.status}`})\n`);
  }
}
