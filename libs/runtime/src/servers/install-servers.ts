import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type ServerPrograms = { ok: true; installed: string[] } | { ok: false; reason: string };

const programs = ['nats-server', 'redis-server'] as const;
const installTimeoutMs = 300_000;

/**
 * Sees to it that `nats-server` and `redis-server` can be started: they are on the PATH already, or, where the person
 * who started this has allowed it, the system's package manager puts them there, as root or through a sudo that asks
 * for no password. Without that permission the machine is left as it is.
 *
 * @param options.mayInstall whether packages may be installed on this machine
 */
export async function installServers({
  mayInstall,
  signal,
  say = () => {},
}: {
  mayInstall: boolean;
  /** Ends an installation that is under way. */
  signal?: AbortSignal;
  say?: (sentence: string) => void;
}): Promise<ServerPrograms> {
  const missing = await missingPrograms();
  if (missing.length === 0) return { ok: true, installed: [] };
  if (!mayInstall) {
    return { ok: false, reason: `${missing.join(' and ')} not found; --install has them installed through apt` };
  }
  const packages = await packageManager(missing, signal);
  if (!packages.ok) return packages;
  say(`installing ${missing.join(' and ')} on this machine through apt, as asked with --install`);
  try {
    await packages.apt(['update', '-qq']);
    await packages.apt(['install', '-y', '-qq', '--no-install-recommends', ...missing]);
  } catch (error) {
    const detail = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return { ok: false, reason: `apt could not install ${missing.join(' and ')}: ${detail}` };
  }
  const still = await missingPrograms();
  return still.length === 0
    ? { ok: true, installed: missing }
    : { ok: false, reason: `${still.join(' and ')} cannot be started after installing` };
}

async function missingPrograms(): Promise<string[]> {
  const found = await Promise.all(programs.map((program) => works(program, ['--version'])));
  return programs.filter((_, i) => !found[i]);
}

async function packageManager(
  missing: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ ok: true; apt: (args: string[]) => Promise<unknown> } | { ok: false; reason: string }> {
  const absent = `${missing.join(' and ')} not found`;
  if (!(await works('apt-get', ['--version'])))
    return { ok: false, reason: `${absent}, and there is no apt to install them` };
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !(await works('sudo', ['-n', 'true']))) {
    return { ok: false, reason: `${absent}, and installing them needs root or a sudo without password` };
  }
  const apt = (args: string[]) => {
    // Packages that start a service of their own would take the usual ports; private servers are wanted here.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const [command, before] = isRoot
      ? ['apt-get', []]
      : ['sudo', ['-n', '--preserve-env=DEBIAN_FRONTEND,RUNLEVEL', 'apt-get']];
    return run(command as string, [...(before as string[]), ...args], {
      env,
      timeout: installTimeoutMs,
      signal,
      maxBuffer: 64 * 2 ** 20,
    });
  };
  return { ok: true, apt };
}

async function works(command: string, args: string[]): Promise<boolean> {
  try {
    await run(command, args, { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
