import { expect } from 'chai';
import { isDeadReply, type LinkEvent, type LinkState, nextLinkState } from './link-state.ts';

const away: LinkState = { kind: 'away', detail: 'connecting' };
const unproven: LinkState = { kind: 'unproven' };
const open: LinkState = { kind: 'open' };
const full: LinkState = { kind: 'refusing', detail: 'OOM command not allowed' };
const readonly = "READONLY You can't write against a read only replica.";
const refused = (message: string, isProof = false): LinkEvent => ({ kind: 'refused', message, isProof });
const left = (detail: string): LinkState => ({ kind: 'away', detail });

describe('nextLinkState', () => {
  const cases: [LinkState, LinkEvent, LinkState, 'drop' | 'keep'][] = [
    [away, { kind: 'connected' }, unproven, 'keep'],
    [open, { kind: 'connected' }, unproven, 'keep'],
    [unproven, { kind: 'proven' }, open, 'keep'],
    [open, { kind: 'proven' }, open, 'keep'],
    [full, { kind: 'proven' }, open, 'keep'],
    [away, { kind: 'proven' }, away, 'keep'],
    [open, { kind: 'closed', detail: 'connecting' }, away, 'keep'],
    [unproven, { kind: 'silent' }, left('does not answer'), 'drop'],
    [open, { kind: 'silent' }, left('does not answer'), 'drop'],
    [full, { kind: 'silent' }, left('does not answer'), 'drop'],
    [away, { kind: 'silent' }, away, 'keep'],
    [open, refused(readonly), left(readonly), 'drop'],
    [unproven, refused(readonly, true), left(readonly), 'drop'],
    [full, refused('MASTERDOWN Link with MASTER is down'), left('MASTERDOWN Link with MASTER is down'), 'drop'],
    [away, refused(readonly), away, 'keep'],
    [open, refused('OOM command not allowed', true), full, 'keep'],
    [unproven, refused('OOM command not allowed', true), full, 'keep'],
    [full, refused('MISCONF no snapshots', true), { kind: 'refusing', detail: 'MISCONF no snapshots' }, 'keep'],
    // What one command was refused for is that command's business, until the proof is refused too.
    [open, refused('OOM command not allowed'), open, 'keep'],
    [open, refused('WRONGTYPE Operation against a key'), open, 'keep'],
  ];
  for (const [state, event, next, what] of cases) {
    it(`${JSON.stringify(state)} and ${JSON.stringify(event)}: ${next.kind}, ${what}`, () => {
      expect(nextLinkState(state, event)).to.deep.equal({ state: next, drop: what === 'drop' });
    });
  }
});

describe('isDeadReply', () => {
  it('knows the errors of a server that stayed behind, from a command and from a script', () => {
    for (const message of [
      readonly,
      'LOADING Redis is loading the dataset in memory',
      'CLUSTERDOWN Hash slot not served',
      "-READONLY You can't write against a read only replica. script: abc, on @user_script:1.",
    ]) {
      expect(isDeadReply(message), message).to.equal(true);
    }
    expect(isDeadReply("ERR unknown command 'READONLY'")).to.equal(false);
    expect(isDeadReply('OOM command not allowed')).to.equal(false);
  });
});
