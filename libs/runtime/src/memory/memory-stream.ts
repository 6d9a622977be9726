import type { StreamPlan } from '../bus/stream-plan.ts';
import type { WireMessage } from '../bus/wire-message.ts';

export interface StoredMessage {
  message: WireMessage;
  /** Event type or kind of report. */
  type: string;
  key: string;
  sequence: number;
  timeMs: number;
}

/** One append-only stream: keeps messages for their time, and recognises a repeat by its id. */
export interface MemoryStream {
  append(stored: Omit<StoredMessage, 'sequence'>): { duplicate: boolean };
  /** What is kept now, oldest first. */
  kept(nowMs: number): StoredMessage[];
  isKept(stored: StoredMessage, nowMs: number): boolean;
  newestOfEverySubject(type: string, nowMs: number): StoredMessage[];
  onAppend(listener: (stored: StoredMessage) => void): () => void;
}

export function createMemoryStream(plan: StreamPlan, nextSequence: () => number): MemoryStream {
  let messages: StoredMessage[] = [];
  let first = 0;
  /** Ids in the order of their arrival. */
  const seen = new Map<string, number>();
  const newest = new Map<string, Map<string, StoredMessage>>();
  const listeners = new Set<(stored: StoredMessage) => void>();

  const isKept = (stored: StoredMessage, nowMs: number) => plan.maxAgeMs === 0 || stored.timeMs > nowMs - plan.maxAgeMs;

  const forget = (nowMs: number): void => {
    for (const [id, timeMs] of seen) {
      if (timeMs > nowMs - plan.dedupWindowMs) break;
      seen.delete(id);
    }
    while (first < messages.length && !isKept(messages[first] as StoredMessage, nowMs)) first += 1;
    if (first > 1_024 && first > messages.length / 2) {
      messages = messages.slice(first);
      first = 0;
    }
  };

  return {
    append: ({ message, type, key, timeMs }) => {
      forget(timeMs);
      if (seen.has(message.id)) return { duplicate: true };
      seen.set(message.id, timeMs);
      const stored: StoredMessage = { message, type, key, timeMs, sequence: nextSequence() };
      messages.push(stored);
      let ofType = newest.get(type);
      if (!ofType) {
        ofType = new Map();
        newest.set(type, ofType);
      }
      ofType.set(message.subject, stored);
      for (const listener of listeners) listener(stored);
      return { duplicate: false };
    },
    kept: (nowMs) => {
      forget(nowMs);
      return messages.slice(first);
    },
    isKept,
    newestOfEverySubject: (type, nowMs) =>
      [...(newest.get(type)?.values() ?? [])]
        .filter((stored) => isKept(stored, nowMs))
        .sort((a, b) => a.sequence - b.sequence),
    onAppend: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
