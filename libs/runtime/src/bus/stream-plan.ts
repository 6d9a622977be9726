import { eventCatalogue, streams } from '@capplan/contracts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const gibibyte = 2 ** 30;

export interface StreamPlan {
  name: string;
  subjects: string[];
  /** 0 means for ever. */
  maxAgeMs: number;
  maxBytes: number;
  /** Newest messages kept of one subject; 0 means all. */
  maxPerSubject: number;
  /** A message id seen within this time is recognised as a repeat. */
  dedupWindowMs: number;
}

/** Contexts that speak at every interval; what they said an hour ago matters little, and there is much of it. */
const busyContexts: ReadonlySet<string> = new Set(['load', 'forecast', 'capacity']);

function eventSubjects(isBusy: boolean): string[] {
  const contexts = new Set(Object.keys(eventCatalogue).map((type) => type.slice(0, type.indexOf('.'))));
  return [...contexts]
    .filter((context) => busyContexts.has(context) === isBusy)
    .map((name) => `capacity.evt.${name}.>`);
}

/**
 * Which stream keeps what, and for how long.
 *
 * Events are parted in two: decisions and records (plans, policies, pools…) are few, and the newest of each must
 * never age away, because views are rebuilt from it; signals (load, forecasts, requirements) are many and go after a
 * day. In one stream, a burst of signals would push the records out.
 */
export const streamPlans = {
  events: {
    name: streams.events.name,
    subjects: eventSubjects(false),
    maxAgeMs: 0,
    maxBytes: 4 * gibibyte,
    maxPerSubject: 1_000,
    dedupWindowMs: 10 * minuteMs,
  },
  signals: {
    name: 'CAPACITY_SIGNALS',
    subjects: eventSubjects(true),
    maxAgeMs: 24 * hourMs,
    maxBytes: 8 * gibibyte,
    maxPerSubject: 0,
    dedupWindowMs: 2 * minuteMs,
  },
  ingest: {
    name: streams.ingest.name,
    subjects: [streams.ingest.subject],
    maxAgeMs: hourMs,
    maxBytes: 2 * gibibyte,
    maxPerSubject: 0,
    dedupWindowMs: 2 * minuteMs,
  },
  dead: {
    name: streams.dead.name,
    subjects: [streams.dead.subject],
    maxAgeMs: 14 * 24 * hourMs,
    maxBytes: gibibyte,
    maxPerSubject: 0,
    dedupWindowMs: 2 * minuteMs,
  },
} as const satisfies Record<string, StreamPlan>;

export type StreamName = keyof typeof streamPlans;

/** The stream that keeps the events of a type. */
export function streamOfEvent(type: string): 'events' | 'signals' {
  return busyContexts.has(type.slice(0, type.indexOf('.'))) ? 'signals' : 'events';
}
