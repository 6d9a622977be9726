import { type ServiceHealth, type ServiceName, serviceNames } from '@capplan/contracts';
import { expect } from 'chai';
import { type Answers, isGatewayReady, type OwnHealth, wholeHealth } from './whole-health.ts';

const own = (ready: boolean): OwnHealth => ({ ready, checks: { redis: { ready, detail: 'as it is' } } });
const replica = (ready: boolean): ServiceHealth => ({ instance: ready ? 'a' : 'b', ready, checks: {} });
const everybody = (): Answers => Object.fromEntries(serviceNames.map((name) => [name, [replica(true)]]));
const without = (...names: ServiceName[]): Answers =>
  Object.fromEntries(Object.entries(everybody()).filter(([name]) => !names.includes(name as ServiceName)));
const unwell = (name: ServiceName, ...replicas: ServiceHealth[]): Answers => ({ ...everybody(), [name]: replicas });

describe('wholeHealth', () => {
  const cases: [string, OwnHealth, Answers, string][] = [
    ['everybody is ready', own(true), everybody(), 'ok'],
    ['the gateway cannot write', own(false), everybody(), 'down'],
    ['nobody answers', own(true), {}, 'down'],
    ...(['audit', 'collector', 'planner', 'executor'] as const).flatMap(
      (name): [string, OwnHealth, Answers, string][] => [
        [`${name} is away`, own(true), without(name), 'down'],
        [`${name} is not ready`, own(true), unwell(name, replica(false)), 'down'],
        [
          `one of two replicas of ${name} is not ready`,
          own(true),
          unwell(name, replica(false), replica(true)),
          'degraded',
        ],
      ],
    ),
    ...(['forecaster', 'notifier', 'queueing', 'simulator'] as const).flatMap(
      (name): [string, OwnHealth, Answers, string][] => [
        [`${name} is away`, own(true), without(name), 'degraded'],
        [`${name} is not ready`, own(true), unwell(name, replica(false)), 'degraded'],
      ],
    ),
    ['something else is missing too', own(true), without('notifier', 'planner'), 'down'],
    ['the planner is missing before something else', own(true), without('audit', 'simulator'), 'down'],
    ['another gateway does not matter', own(true), without('gateway'), 'ok'],
  ];
  for (const [title, mine, answers, status] of cases) {
    it(`${title}: ${status}`, () => {
      expect(wholeHealth(mine, answers).status).to.equal(status);
    });
  }

  it('shows who is away and what the others say', () => {
    const { services, checks } = wholeHealth(own(true), unwell('planner', replica(false)));
    expect(checks).to.deep.equal(own(true).checks);
    expect(services.planner).to.deep.equal({ state: 'not_ready', replicas: [replica(false)] });
    expect(wholeHealth(own(true), {}).services.audit).to.deep.equal({ state: 'away', replicas: [] });
    expect(services).not.to.have.property('gateway');
  });
});

describe('isGatewayReady', () => {
  const cases: [string, OwnHealth, Answers, boolean][] = [
    ['it can write and everybody answers', own(true), everybody(), true],
    ['it can write and one owner answers, though unwell', own(true), { audit: [replica(false)] }, true],
    ['nobody answers', own(true), {}, false],
    ['only gateways answer', own(true), { gateway: [replica(true)] }, false],
    ['it cannot write', own(false), everybody(), false],
  ];
  for (const [title, mine, answers, ready] of cases) {
    it(`${title}: ${ready ? 'ready' : 'not ready'}`, () => {
      expect(isGatewayReady(mine, answers)).to.equal(ready);
    });
  }
});
