// `pnpm lint`: format, lint rules, import boundaries, purity, unused code and the lockfile. `npm test` begins with it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);
const checks = {
  format: () => run(bin('biome'), ['check', '--linter-enabled=false', '.']),
  rules: () => run(bin('oxlint'), ['--type-aware', '--deny-warnings', 'libs', 'services', 'apps', 'tests', 'bench']),
  boundaries,
  unused: () => run(bin('knip'), ['--no-progress']),
  lockfile,
};

let failures = 0;
for (const [name, check] of Object.entries(checks)) {
  const problem = check();
  process.stdout.write(`${problem ? 'FAILED' : 'ok    '} ${name}\n${problem ? `${problem}\n` : ''}`);
  if (problem) failures++;
}
process.exit(failures === 0 ? 0 : 1);

function boundaries() {
  const found = spawnSync(
    bin('depcruise'),
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'libs', 'services', 'apps'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    },
  );
  let report;
  try {
    report = JSON.parse(found.stdout);
  } catch {
    return found.stderr || found.stdout || String(found.error);
  }
  const { totalCruised, violations } = report.summary;
  // Without its parser the tool sees no module at all and is content: a plausible count is part of the check.
  if (totalCruised < 100) return `only ${totalCruised} modules were seen`;
  const broken = violations.filter((violation) => violation.rule.severity === 'error');
  return broken.map((violation) => `${violation.rule.name}: ${violation.from} → ${violation.to}`).join('\n');
}

function lockfile() {
  const text = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
  const line = text.split('\n').findIndex((row) => /https?:\/\/|tarball:/.test(row));
  return line < 0 ? '' : `pnpm-lock.yaml:${line + 1} names a host`;
}

function run(command, args) {
  const child = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (child.error) return child.error.message;
  return child.status === 0 ? '' : `${child.stdout}${child.stderr}`;
}
