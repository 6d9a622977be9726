// Brings a checkout to where it can run: packages as the lockfile says, and the sources built. Skips what is done.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const pnpm = 'pnpm@12.21.0';

/**
 * Installs and builds what is missing; ends the process with a clear sentence where that fails.
 *
 * @returns whether anything had to be done
 */
export async function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Capacity Planner needs Node 20.19 or later; this is ${process.versions.node}`);
  }
  const installed = await installPackages();
  return (await buildSources(installed)) || installed;
}

async function installPackages() {
  const stamp = `${root}node_modules/.capplan-lock`;
  const wanted = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) wanted.update(readFileSync(root + file));
  for (const manifest of manifests()) wanted.update(readFileSync(manifest));
  const hash = wanted.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return false;
  say('installing packages (once)');
  await run(
    process.platform === 'win32' ? 'npx.cmd' : 'npx',
    ['-y', pnpm, 'install', '--frozen-lockfile'],
    'The packages could not be installed',
  );
  writeFileSync(stamp, hash);
  return true;
}

async function buildSources(force) {
  const stamp = `${root}node_modules/.capplan-built`;
  if (!force && existsSync(stamp) && newestSourceMs() <= statSync(stamp).mtimeMs) return false;
  say('building');
  await run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '--build'], 'The sources do not compile');
  writeFileSync(stamp, '');
  return true;
}

function rooms() {
  return ['libs', 'services', 'apps']
    .flatMap((group) => readdirSync(root + group).map((name) => `${root}${group}/${name}`))
    .concat(`${root}tests`, `${root}bench`);
}

function manifests() {
  return [`${root}package.json`, ...rooms().map((room) => `${room}/package.json`)].filter((file) => existsSync(file));
}

function newestSourceMs() {
  let newest = 0;
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name === 'node_modules' || entry.name === 'dist') continue;
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (/\.(ts|tsx|json|proto)$/.test(entry.name)) newest = Math.max(newest, statSync(path).mtimeMs);
    }
  };
  for (const room of rooms()) visit(room);
  return newest;
}

async function run(command, args, complaint) {
  // What is installed and built is told on stderr: the last line of stdout belongs to the program that runs next.
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], detached: true });
  // In a process group of its own, which ends as a whole: a package manager starts others.
  const stop = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  let isInterrupted = false;
  const interrupted = () => {
    stop(isInterrupted ? 'SIGKILL' : 'SIGTERM');
    isInterrupted = true;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, interrupted);
  const { error, code } = await new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code) => resolve({ code }));
  });
  for (const signal of signals) process.off(signal, interrupted);
  if (isInterrupted) {
    stop('SIGKILL');
    process.exit(130);
  }
  if (error) fail(`${complaint}: ${error.message}`);
  if (code !== 0) fail(`${complaint} (exit code ${code}); the lines above say why`);
}

function say(sentence) {
  process.stderr.write(`capacity planner: ${sentence}\n`);
}

function fail(sentence) {
  say(sentence);
  process.exit(1);
}
