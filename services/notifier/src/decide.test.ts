import type { Envelope } from '@capplan/contracts';
import { expect } from 'chai';
import { backoffMs, conditionOf, isWanted, mayCall, notificationOf } from './decide.ts';
import { parseTargets, type WebhookTarget } from './targets.ts';

const target: WebhookTarget = { name: 'ops', url: 'https://hooks.example.com/x' };

const planEvent = (status: string): Envelope => ({
  id: 'plan.proposed:shop/mail:1',
  type: 'plan.proposed',
  time: '2026-03-02T08:00:00Z',
  key: 'shop/mail',
  actor: { id: 'planner', kind: 'service' },
  data: {
    id: 'plan-1',
    status,
    status_reason: 'a spike is near.',
    current_workers: 2,
    target_workers: 5,
    approvals_needed: 1,
    cost_impact: { additional_cost: 3 },
    simulation: { simulated: true, cost_impact: { additional_cost: 3 } },
    alternatives: [{ workers: 4, expected_cost: 9, rejected_because: 'late' }],
  },
});

describe('isWanted', () => {
  it('tells a target that names no events only what asks for a person', () => {
    expect(isWanted(target, 'plan.proposed', planEvent('awaiting_approval'))).to.equal(true);
    expect(isWanted(target, 'plan.proposed', planEvent('proposed'))).to.equal(false);
    expect(isWanted(target, 'slo.breached', planEvent('x'))).to.equal(true);
    const stepped = { ...planEvent('x'), type: 'rollout.stepped', data: { plan: planEvent('x').data } };
    expect(isWanted(target, 'rollout.stepped', stepped)).to.equal(false);
  });

  for (const [type, failures, isFor] of [
    ['plan.failed', undefined, true],
    ['plan.failed', 0, true],
    ['plan.failed', 2, false],
    ['plan.reverted', 2, false],
    ['plan.completed', undefined, false],
    ['plan.completed', 0, false],
    ['plan.completed', 2, true],
    ['rollout.held', undefined, true],
    ['rollout.held', 2, false],
    ['rollout.failed', 0, false],
    ['rollout.failed', 2, false],
    ['rollout.reverted', 2, false],
    ['rollout.finished', 2, false],
  ] as const) {
    it(`${isFor ? 'tells' : 'does not tell'} of ${type} after ${failures ?? 'no'} failures, but to who names it`, () => {
      const before = failures === undefined ? {} : { failures_before: failures };
      const data = type.startsWith('plan.') ? before : { plan: before };
      const event = { ...planEvent('x'), type, data };
      expect(isWanted(target, type, event)).to.equal(isFor);
      expect(isWanted({ ...target, events: [type] }, type, event)).to.equal(true);
    });
  }

  it('knows single events, contexts, everything, and namespaces', () => {
    const event = planEvent('proposed');
    expect(isWanted({ ...target, events: ['plan.proposed'] }, 'plan.proposed', event)).to.equal(true);
    expect(isWanted({ ...target, events: ['plan.*'] }, 'plan.expired', event)).to.equal(true);
    expect(isWanted({ ...target, events: ['plan.*'] }, 'rollout.failed', event)).to.equal(false);
    expect(isWanted({ ...target, events: ['*'] }, 'rollout.failed', event)).to.equal(true);
    expect(isWanted({ ...target, events: ['*'], namespaces: ['pay'] }, 'rollout.failed', event)).to.equal(false);
  });
});

describe('conditionOf', () => {
  const named: WebhookTarget = { ...target, events: ['*'] };
  for (const [type, ofPeople, ofNamed] of [
    ['slo.breached', 'slo.breached', 'slo.breached'],
    ['load.suspect', 'load.suspect', 'load.suspect'],
    ['plan.failed', 'not_carried_out', undefined],
    ['rollout.failed', 'not_carried_out', undefined],
    ['rollout.held', 'not_carried_out', undefined],
    ['rollout.reverted', 'not_carried_out', undefined],
    ['plan.proposed', undefined, undefined],
    ['plan.completed', undefined, undefined],
  ] as const) {
    it(`groups ${type} as ${ofPeople ?? 'nothing that lasts'}, for a target with named events as ${ofNamed ?? 'nothing'}`, () => {
      expect(conditionOf(target, type)).to.equal(ofPeople);
      expect(conditionOf(named, type)).to.equal(ofNamed);
    });
  }
});

describe('notificationOf', () => {
  it('says it in a sentence', () => {
    const { summary } = notificationOf(target, 'plan.proposed', planEvent('awaiting_approval'));
    expect(summary).to.equal(
      'shop/mail: plan plan-1 proposed: 2 → 5 workers, waits for 1 approval(s). a spike is near.',
    );
  });

  it('says that a trouble is over', () => {
    const event = planEvent('completed');
    const data = { ...(event.data as object), failures_before: 3, status_reason: 'carried out' };
    const { summary } = notificationOf(target, 'plan.completed', { ...event, data });
    expect(summary).to.equal('shop/mail: plan plan-1 completed: 2 → 5 workers, after 3 that failed. carried out');
  });

  it('leaves cost out, everywhere in it, unless the target may see it', () => {
    const text = JSON.stringify(notificationOf(target, 'plan.proposed', planEvent('proposed')));
    expect(text).not.to.match(/cost/);
    expect(text).to.match(/rejected_because/);
    const all = notificationOf({ ...target, include_cost: true }, 'plan.proposed', planEvent('proposed'));
    expect(JSON.stringify(all)).to.match(/additional_cost/);
  });
});

describe('mayCall', () => {
  it('allows the targets’ own hosts where there is no list', () => {
    expect(mayCall('https://hooks.example.com/y', '', [target])).to.equal(true);
    expect(mayCall('https://evil.example.com/y', '', [target])).to.equal(false);
  });

  it('allows what is on the list and nothing that merely looks like it', () => {
    const list = 'a.example.org, *.example.net';
    expect(mayCall('https://a.example.org/', list, [target])).to.equal(true);
    expect(mayCall('https://x.example.net/', list, [target])).to.equal(true);
    expect(mayCall('https://example.net/', list, [target])).to.equal(false);
    expect(mayCall('https://a.example.org.evil.com/', list, [target])).to.equal(false);
    expect(mayCall('https://a.example.org@evil.com/', list, [target])).to.equal(false);
    expect(mayCall('https://hooks.example.com/', list, [target])).to.equal(false);
    expect(mayCall('file:///etc/passwd', list, [target])).to.equal(false);
    expect(mayCall('no url', list, [target])).to.equal(false);
  });
});

describe('backoffMs', () => {
  it('doubles with each attempt, with up to half on top', () => {
    expect([1, 2, 3].map((attempt) => backoffMs({ attempt, firstMs: 100, chance: 0 }))).to.deep.equal([100, 200, 400]);
    expect(backoffMs({ attempt: 1, firstMs: 100, chance: 0.999 })).to.be.within(149, 150);
  });
});

describe('parseTargets', () => {
  it('reads a list, and an empty text as none', () => {
    expect(parseTargets('')).to.deep.equal({ ok: true, value: [] });
    expect(parseTargets(JSON.stringify([target]))).to.deep.equal({ ok: true, value: [target] });
  });

  it('shows no piece of what it refuses', () => {
    for (const text of [
      '[{"name":"ops" SECRET}]',
      JSON.stringify([{ ...target, secret: ['SECRET'] }]),
      JSON.stringify([{ ...target, url: 'https://ada:SECRET@hooks.example.com/x' }]),
      JSON.stringify([{ ...target, url: 'https://hooks example/SECRET' }]),
    ]) {
      const parsed = parseTargets(text);
      expect(parsed.ok, text).to.equal(false);
      expect(JSON.stringify(parsed)).not.to.include('SECRET');
    }
  });

  it('names what is wrong', () => {
    for (const text of [
      '{',
      '[{"name":"a"}]',
      JSON.stringify([{ ...target, evnts: [] }]),
      JSON.stringify([target, target]),
    ]) {
      const parsed = parseTargets(text);
      expect(parsed.ok).to.equal(false);
      if (!parsed.ok) expect(parsed.problems[0]).to.match(/\w/);
    }
  });
});
