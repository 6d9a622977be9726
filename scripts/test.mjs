// `npm test -- [--install] [suite …] [mocha options]`: prepares the checkout, checks it, and runs the suites; the last line
// counts. Only with --install may nats-server and redis-server be installed on this machine.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

/** `onServers` are the specs that need a real nats-server and redis-server. */
const suites = {
  unit: { specs: ['{libs,services,apps}/*/src/**/*.test.ts', 'tests/contract/**/*.test.ts'], timeoutMs: 30_000 },
  world: { specs: ['tests/world/**/*.test.ts'], timeoutMs: 600_000 },
  fuzz: {
    specs: ['tests/fuzz/all-in-memory.test.ts'],
    onServers: ['tests/fuzz/on-real-servers.test.ts'],
    timeoutMs: 600_000,
  },
  integration: { specs: [], onServers: ['tests/integration/**/*.test.ts'], timeoutMs: 120_000 },
  chaos: { specs: [], onServers: ['tests/chaos/**/*.test.ts'], timeoutMs: 300_000 },
  e2e: { specs: ['tests/e2e/**/*.test.ts'], timeoutMs: 400_000 },
};

const words = process.argv.slice(2).filter((word) => word !== '--');
const coverage = words.includes('--coverage');
const install = words.includes('--install') ? ['--install'] : [];
const chosen = words.filter((word) => word in suites);
const mochaOptions = words.filter((word) => !(word in suites) && !['--coverage', '--install'].includes(word));
const names = chosen.length > 0 ? chosen : Object.keys(suites);

await prepare();
const folder = mkdtempSync(join(tmpdir(), 'capplan-tests-'));
const counts = join(folder, 'counts');
let failedSteps = 0;
let hasServers = true;
const leftOut = [];

if (chosen.length === 0) step('lint', [join(root, 'scripts/check.mjs'), 'lint']);
if (names.some((name) => suites[name].onServers)) {
  hasServers = run('servers', [join(root, 'scripts/servers.mjs'), ...install]) === 0;
  if (!hasServers && install.length > 0) failedSteps++;
}
for (const name of names) {
  const { onServers = [], timeoutMs } = suites[name];
  const specs = hasServers ? [...suites[name].specs, ...onServers] : suites[name].specs;
  if (!hasServers) leftOut.push(...onServers);
  if (specs.length === 0) continue;
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
if (leftOut.length > 0)
  process.stdout.write(`\nleft out, as nats-server or redis-server is missing: ${leftOut.join(', ')}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

function step(name, args) {
  const outcome = run(name, args);
  if (outcome === 0) return;
  failedSteps++;
  process.stdout.write(`== ${name} failed (${typeof outcome === 'string' ? outcome : `exit code ${outcome}`})\n`);
}

/** Exit code, or the signal that ended it. */
function run(name, args) {
  process.stdout.write(`\n== ${name}\n`);
  const child = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CAPPLAN_TEST_COUNTS: counts },
  });
  return child.signal ?? child.status;
}
