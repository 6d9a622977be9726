import {
  type AuditEntry,
  durationSec,
  type Envelope,
  isTerminal,
  mayBecome,
  type Plan,
  type PlanStatus,
  type Rollout,
  type Snapshot,
} from '@capplan/contracts';
import type { World } from './world.ts';

const genesis = '0'.repeat(64);
/** Views of the world may lag behind it: the longest delay of a message, and a repetition of it. */
const lagMs = 65_000;

const capRules = ['at_minimum', 'at_maximum', 'budget'];

/** What the audit log holds of one step that was about to be done. */
interface Receipt {
  entry: AuditEntry;
  appendedMs: number;
  isUsed: boolean;
}

/** Looks at a world after every step and says what may never be; each look takes in only what is new. */
export function watchInvariants({ settings, cast, backend, clock }: World) {
  const { pool, policy } = settings;
  const { scaling } = policy;
  const seenIds = new Set<string>();
  const plans = new Map<string, Plan>();
  const open = new Set<string>();
  const everApproved = new Set<string>();
  const rollouts = new Map<string, Rollout>();
  const loads: { saidMs: number; snapshot: Snapshot }[] = [];
  const receipts: Receipt[] = [];
  const receiptOf = new Map<string, string>();
  const orders: { to: number; direction: number; timeMs: number; planId: string; entryId: string }[] = [];
  let eventSequence = 0;
  let changesSeen = 0;
  let auditPosition = 0;
  let tip = { sequence: 0, hash: genesis };
  const must = (holds: boolean, told: () => string): void => {
    if (!holds) throw new Error(`${new Date(clock.nowMs()).toISOString()} ${told()}`);
  };

  // What a decision may rest on, seen where it is made.
  const { decide } = cast.core;
  let broken: string | undefined;
  cast.core.decide = (input, named) => {
    const decision = decide(input, named);
    if (named) return decision;
    const { snapshot } = input;
    if (decision.targetWorkers < decision.currentWorkers && decision.currentWorkers <= scaling.max_workers) {
      const isForced = decision.explanation.some(({ rule }) => rule === 'budget');
      if (!snapshot?.quality.trusted && !isForced) broken ??= `7: ${decision.rationale} on suspect data`;
      if (input.dataAgeSec !== undefined && input.dataAgeSec > 600) broken ??= `7: ${decision.rationale} on old data`;
    }
    return decision;
  };

  const seePlan = (plan: Plan): void => {
    const before = plans.get(plan.id)?.status;
    const status: PlanStatus = plan.status;
    must(
      before === undefined || before === status || mayBecome(before, status),
      () => `2: ${plan.id} went from ${before} to ${status}`,
    );
    plans.set(plan.id, plan);
    if (status === 'approved') everApproved.add(plan.id);
    if (isTerminal(status)) open.delete(plan.id);
    else open.add(plan.id);
    must(open.size <= 1, () => `2: plans open at once: ${[...open].join(', ')}`);
  };

  const seeRollout = (rollout: Rollout): void => {
    rollouts.set(rollout.id, rollout);
    for (const step of rollout.steps) {
      if (step.ordered_at === undefined) continue;
      const id = `${rollout.id}:step:${step.index}`;
      must(
        step.audit_receipt === receiptOf.get(id),
        () => `3: ${id} was ordered with the receipt ${step.audit_receipt}`,
      );
    }
  };

  const takeEvents = (): void => {
    for (const { sequence, type, timeMs, envelope } of backend.messages('events', eventSequence)) {
      eventSequence = sequence;
      const { id, data } = envelope as Envelope;
      if (seenIds.has(id)) continue;
      seenIds.add(id);
      if (type.startsWith('plan.')) seePlan(data as Plan);
      else if (type.startsWith('rollout.')) seeRollout(data as Rollout);
      else if (type === 'load.observed') loads.push({ saidMs: timeMs, snapshot: data as Snapshot });
    }
  };

  const takeAudit = async (): Promise<void> => {
    for (const { position, line } of await cast.auditLog.read(auditPosition + 1, 100_000)) {
      auditPosition = position;
      if (!line) throw new Error(`8: nothing stands at position ${position} of the audit log`);
      if (line.kind === 'checkpoint') {
        const agrees = line.sequence === tip.sequence && line.hash === tip.hash;
        must(agrees && cast.sealer.isSigned(line), () => `8: the checkpoint at position ${position} does not agree`);
        continue;
      }
      must(
        line.sequence === tip.sequence + 1 && line.previous_hash === tip.hash,
        () => `8: record ${line.sequence} does not follow ${tip.sequence}`,
      );
      must(cast.sealer.hashOf(line) === line.hash, () => `8: record ${line.sequence} is not what its hash says`);
      tip = line;
      const opened = cast.sealer.open(line);
      if (!opened.ok) throw new Error(`8: record ${line.sequence} cannot be opened: ${opened.detail}`);
      const { entry } = opened;
      must(!receiptOf.has(entry.id), () => `3: ${entry.id} stands in the audit log twice`);
      receiptOf.set(entry.id, `${line.sequence}:${line.hash}`);
      if (entry.action === 'rollout.step')
        receipts.push({ entry, appendedMs: Date.parse(line.appended_at), isUsed: false });
    }
  };

  const takeChanges = (): void => {
    for (; changesSeen < cast.actuator.changes.length; changesSeen++) {
      const change = cast.actuator.changes[changesSeen] as (typeof cast.actuator.changes)[number];
      const { from, to, timeMs } = change;
      const told = `${from} to ${to} workers at ${new Date(timeMs).toISOString()}`;
      const least = scaling.scale_to_zero ? 0 : Math.min(scaling.min_workers, settings.workersAtStart);
      must(to >= least && to <= Math.max(scaling.max_workers, from), () => `1: ${told} is outside the policy`);
      must(to <= Math.max(settings.workersMax, from), () => `1: ${told} is above the executor's cap`);
      const receipt = receipts.findLast(
        ({ entry, appendedMs, isUsed }) =>
          !isUsed && appendedMs <= timeMs && (entry.detail as { to_workers: number }).to_workers === to,
      );
      if (!receipt) throw new Error(`3: ${told} without a receipt of its own from before it`);
      receipt.isUsed = true;
      const planId = (receipt.entry.detail as { plan_id: string }).plan_id;
      const order = {
        to,
        direction: Math.sign(to - from),
        timeMs: receipt.appendedMs,
        planId,
        entryId: receipt.entry.id,
      };
      checkCooldown(order, told);
      if (to < from) checkGround(order, told);
      orders.push(order);
    }
  };

  /** A step back after a failure is no decision of its own, and a person may order what a rule would not. */
  const isDecided = ({ planId, entryId }: { planId: string; entryId: string }): boolean => {
    const plan = plans.get(planId);
    const index = Number(entryId.split(':').at(-1));
    return plan?.requested_by === 'planner' && index < plan.steps.length;
  };

  /** Caps have the last word: what brings a pool back inside them does not wait. Nor does what its owner begins with. */
  const isForced = (planId: string): boolean =>
    plans
      .get(planId)
      ?.explanation.some(
        ({ rule, detail }) => capRules.includes(rule) || (rule === 'operator' && detail.startsWith('the pool begins')),
      ) ?? false;

  const checkCooldown = (order: (typeof orders)[number], told: string): void => {
    const last = orders.at(-1);
    if (!last || !isDecided(order) || isForced(order.planId)) return;
    // What was taken away too early comes back as soon as jobs wait for it.
    const isOverloaded = loads.some(
      ({ saidMs, snapshot }) => saidMs <= order.timeMs && saidMs > last.timeMs && snapshot.backlog > 0,
    );
    if (order.direction > 0 && last.direction < 0 && isOverloaded) return;
    const cooldown = order.direction > 0 ? scaling.scale_up_cooldown : scaling.scale_down_cooldown;
    const sinceSec = (order.timeMs - last.timeMs) / 1000;
    must(
      sinceSec >= durationSec(cooldown as string),
      () => `4: ${told} came ${sinceSec} s after the change before, inside ${cooldown}`,
    );
  };

  const checkGround = (order: (typeof orders)[number], told: string): void => {
    if (Number(order.entryId.split(':').at(-1)) >= (plans.get(order.planId)?.steps.length ?? 0)) return;
    const known = loads.filter(({ saidMs }) => saidMs <= order.timeMs);
    const newest = known.at(-1);
    const recent = known.filter(({ saidMs }, i) => i === known.length - 1 || saidMs > order.timeMs - lagMs);
    must(
      recent.some(({ snapshot }) => snapshot.quality.trusted),
      () => `7: ${told} on measurements that are not trusted`,
    );
    const left = (to: number) => to * pool.concurrency;
    const isMet = recent.some(({ snapshot }) => snapshot.arrival_rate * snapshot.service_time_mean_s <= left(order.to));
    must(!isDecided(order) || isMet, () => `6: ${told} leaves ${left(order.to)} slots, the observed demand needs more`);
    const ageSec = newest ? (order.timeMs - Date.parse(newest.snapshot.timestamp)) / 1000 : Number.POSITIVE_INFINITY;
    must(ageSec <= 60 + 3 * settings.intervalSec, () => `7: ${told} on a measurement ${ageSec} s old`);
  };

  return {
    plans,
    rollouts,
    everApproved,
    orders,
    loads,
    /** Throws, with the number of the invariant, when one does not hold. */
    async check(): Promise<void> {
      await takeAudit();
      takeEvents();
      takeChanges();
      if (broken !== undefined) throw new Error(broken);
    },
  };
}
export type Invariants = ReturnType<typeof watchInvariants>;
