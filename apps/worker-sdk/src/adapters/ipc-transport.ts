import { CapacityError, check, type IngestKind, ingestCatalogue } from '@capplan/contracts';
import type { Bus } from '@capplan/runtime';
import type { Report, WorkerTransport } from '../transport.ts';

/** The side of a process that talks IPC: `process` in a child, the `ChildProcess` in its parent. */
export interface IpcPeer {
  /** With `sent`, a message that cannot be handed over is an answer; without it, an `error` event that ends the process. */
  send?(message: unknown, sent: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'disconnect', listener: () => void): unknown;
}

interface ReportMessage {
  capplan: 'report';
  number: number;
  kind: IngestKind;
  report: Report;
}

interface AnswerMessage {
  capplan: 'answer';
  number: number;
  ok: boolean;
  reason?: string;
}

const closed = 'the channel to the parent process is closed';

/**
 * Reports to the parent process, which forwards them (`forwardIpcReports`): a worker then needs no connection of its own.
 *
 * @param peer the child's `process`
 * @param answerMs how long an answer may take before the report counts as not stored
 */
export function createIpcTransport(peer: IpcPeer, { answerMs = 5000 } = {}): WorkerTransport {
  let number = 0;
  const waiting = new Map<number, (answer: AnswerMessage) => void>();
  const listener = (message: unknown): void => {
    if (isAnswer(message)) waiting.get(message.number)?.(message);
  };
  const onGone = (): void => {
    for (const [mine, answer] of waiting) answer({ capplan: 'answer', number: mine, ok: false, reason: closed });
  };
  peer.on('message', listener);
  peer.on('disconnect', onGone);

  return {
    send: (kind, report) => {
      const mine = ++number;
      return new Promise<void>((resolve, reject) => {
        const fail = (why: string): void => {
          waiting.delete(mine);
          clearTimeout(timer);
          reject(new CapacityError('unavailable', why));
        };
        const timer = setTimeout(() => fail('the parent process did not answer'), answerMs);
        waiting.set(mine, (answer) => {
          if (!answer.ok) return fail(answer.reason ?? 'the parent process could not store it');
          waiting.delete(mine);
          clearTimeout(timer);
          resolve();
        });
        try {
          if (peer.send === undefined) fail('this process has no parent that listens');
          else
            peer.send({ capplan: 'report', number: mine, kind, report } satisfies ReportMessage, (error) => {
              if (error) fail(`${closed}: ${error.message}`);
            });
        } catch (error) {
          fail(`${closed}: ${String(error)}`);
        }
      });
    },
    close: async () => {
      peer.off('message', listener);
      peer.off('disconnect', onGone);
    },
  };
}

/**
 * The parent's half: takes a child's reports, holds them against their schema, stores them and answers.
 *
 * @returns a function that stops forwarding
 */
export function forwardIpcReports(child: IpcPeer, bus: Pick<Bus, 'ingest'>): () => void {
  const answer = (message: AnswerMessage): void => {
    try {
      child.send?.(message, () => {});
    } catch {
      // The child is gone; there is nobody left to tell.
    }
  };
  const listener = (message: unknown): void => {
    if (!isReport(message)) return;
    const { number, kind, report } = message;
    const checked = check(ingestCatalogue[kind], report.data);
    if (!checked.ok) {
      answer({ capplan: 'answer', number, ok: false, reason: checked.problems.join('; ').slice(0, 512) });
      return;
    }
    bus.ingest(kind, report as never).then(
      () => answer({ capplan: 'answer', number, ok: true }),
      (error: unknown) => answer({ capplan: 'answer', number, ok: false, reason: String(error) }),
    );
  };
  child.on('message', listener);
  return () => void child.off('message', listener);
}

function isAnswer(message: unknown): message is AnswerMessage {
  return typeof message === 'object' && message !== null && 'capplan' in message && message.capplan === 'answer';
}

function isReport(message: unknown): message is ReportMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { capplan, number, kind, report } = message as Partial<ReportMessage>;
  return (
    capplan === 'report' &&
    typeof number === 'number' &&
    typeof kind === 'string' &&
    Object.hasOwn(ingestCatalogue, kind) &&
    typeof report === 'object' &&
    report !== null &&
    typeof report.key === 'string' &&
    typeof report.cause === 'string'
  );
}
