import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../..', import.meta.url));
const minutes = 2;
const lookEveryMs = 5_000;

interface Plan {
  id: string;
  status: string;
  rationale: string;
}
interface Rollout {
  plan_id: string;
  status: string;
  steps: { state: string; audit_receipt?: string }[];
}

/** Worker processes of the demo that some run has left behind. */
function workerProcesses(dataDirMarker: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dataDirMarker);
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe('the main job', () => {
  let child: ChildProcess;
  const lines: string[] = [];
  let summary: Record<string, number | null | string | boolean>;
  let plans: Plan[] = [];
  let rollouts: Rollout[] = [];
  let audited: { entry: { action: string; target: string } }[] = [];
  const marker = `CAPPLAN_E2E_MARKER=${process.pid}-${process.hrtime.bigint()}`;

  before(async function () {
    this.timeout((minutes + 3) * 60_000);
    const [name, value] = marker.split('=') as [string, string];
    child = spawn(process.execPath, ['scripts/start.mjs', '--headless', '--minutes', String(minutes), '--json'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, [name]: value },
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const output = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    output.on('line', (line) => lines.push(line));
    const printed = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const found = lines.map((line) => pattern.exec(line)?.[1]).find((match) => match !== undefined);
        if (found !== undefined) return found;
        if (child.exitCode !== null) throw new Error(`the main job ended early:\n${lines.join('\n')}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const api = await printed(/^API\s+(\S+)/);
    const token = await printed(/^TOKEN\s+(\S+)/);
    const ask = async <T>(path: string): Promise<T> => {
      const response = await fetch(`${api}${path}`, { headers: { authorization: `Bearer ${token}` } });
      // A starved machine answers late or not in time; everything else is a fault.
      if (response.status === 503 || response.status === 504) throw new Error(`${path}: ${response.status}`);
      expect(response.status, path).to.equal(200);
      return (await response.json()) as T;
    };
    const look = async (): Promise<void> => {
      const seenPlans = (await ask<{ plans: Plan[] }>('/plans?pool=demo/jobs&limit=200')).plans;
      const seenRollouts = (await ask<{ rollouts: Rollout[] }>('/rollouts?pool=demo/jobs&limit=200')).rollouts;
      const records: typeof audited = [];
      for (let at = '/audit?from_sequence=1&limit=1000'; at !== ''; ) {
        const page = await ask<{ records: typeof audited; next_cursor?: string }>(at);
        records.push(...page.records);
        at = page.next_cursor === undefined ? '' : `/audit?limit=1000&cursor=${page.next_cursor}`;
      }
      [plans, rollouts, audited] = [seenPlans, seenRollouts, records];
    };
    // How long the first workers take depends on the machine; what the API showed last before the end counts.
    while (child.exitCode === null) {
      await look().catch((error: unknown) => {
        if (error instanceof Error && error.name === 'AssertionError') throw error;
      });
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    await ended;
    summary = JSON.parse(lines.at(-1) ?? '{}');
  });

  after(() => {
    if (child.exitCode === null) child.kill('SIGKILL');
  });

  it('proposes plans, and carries several of them out', () => {
    expect(child.exitCode).to.equal(0);
    expect(summary.plans_proposed).to.be.greaterThan(0);
    expect(summary.plans_carried_out).to.be.greaterThan(0);
    expect(plans.some(({ status, rationale }) => status === 'completed' && rationale.length > 20)).to.equal(true);
  });

  it('does nothing without an audit receipt', () => {
    const acted = rollouts.flatMap(({ steps }) =>
      steps.filter(({ state }) => state === 'settled' || state === 'ordered'),
    );
    expect(acted.length).to.be.greaterThan(0);
    expect(acted.filter(({ audit_receipt }) => !audit_receipt)).to.deep.equal([]);
  });

  it('leaves a whole chain that holds every approval and every step', () => {
    expect(summary.audit_intact).to.equal(true);
    const actions = audited.map(({ entry }) => entry.action);
    expect(actions).to.include('plan.approve').and.to.include('rollout.step');
  });

  it('does the jobs, and loses none', () => {
    expect(summary.jobs_completed).to.be.greaterThan(100);
    expect(summary.jobs_lost).to.equal(0);
    expect(summary.worker_hours).to.be.greaterThan(0);
    expect(summary.slo_attainment).to.be.within(0, 1);
  });

  it('sums up with every figure', () => {
    for (const key of [
      'slo_attainment',
      'p95_response_s',
      'max_backlog',
      'worker_hours',
      'cost',
      'reactive_cost',
      'jobs_completed',
      'jobs_lost',
      'plans_proposed',
      'plans_carried_out',
      'audit_records',
      'forecast_wape',
      'start_up_s',
    ]) {
      expect(summary, key).to.have.property(key).that.is.a('number');
    }
  });

  it('leaves no process behind', () => {
    expect(workerProcesses(marker).filter((pid) => pid !== process.pid)).to.deep.equal([]);
  });
});
