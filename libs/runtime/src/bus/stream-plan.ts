import { eventCatalogue, streams } from '@capplan/contracts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
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
  /** Whether the server compresses it on its disk, where it can. Limits of size count what was sent. */
  isCompressed: boolean;
}

/** The streams of events. */
export type EventStream = 'events' | 'records' | 'signals';

/** Contexts that speak at every interval; what they said an hour ago matters little, and there is much of it. */
const busyContexts: ReadonlySet<string> = new Set(['load', 'forecast', 'capacity']);
/** Contexts whose newest event says what is so now; views are rebuilt from it. */
const recordContexts: ReadonlySet<string> = new Set(['policy', 'pool']);

function streamOfContext(context: string): EventStream {
  if (busyContexts.has(context)) return 'signals';
  return recordContexts.has(context) ? 'records' : 'events';
}

function eventSubjects(stream: EventStream): string[] {
  const contexts = new Set(Object.keys(eventCatalogue).map((type) => type.slice(0, type.indexOf('.'))));
  return [...contexts].filter((name) => streamOfContext(name) === stream).map((name) => `capacity.evt.${name}.>`);
}

/**
 * Which stream keeps what, and for how long.
 *
 * Events are parted in three. Of records (policies, pools) the newest must never age away nor be pushed out, because
 * views are rebuilt from it. Decisions and what became of them (plans, rollouts, access, alerts) are kept as long as
 * the audit log. Signals (load, forecasts, requirements) are many and go after a day.
 */
export const streamPlans = {
  records: {
    name: 'CAPACITY_RECORDS',
    subjects: eventSubjects('records'),
    maxAgeMs: 0,
    maxBytes: gibibyte,
    maxPerSubject: 16,
    dedupWindowMs: 10 * minuteMs,
    isCompressed: false,
  },
  events: {
    name: streams.events.name,
    subjects: eventSubjects('events'),
    maxAgeMs: 90 * dayMs,
    maxBytes: 32 * gibibyte,
    // A pool that changes all the time has some 200 of a kind a day.
    maxPerSubject: 20_000,
    dedupWindowMs: 10 * minuteMs,
    isCompressed: true,
  },
  signals: {
    name: 'CAPACITY_SIGNALS',
    subjects: eventSubjects('signals'),
    maxAgeMs: dayMs,
    maxBytes: 8 * gibibyte,
    maxPerSubject: 0,
    dedupWindowMs: 2 * minuteMs,
    isCompressed: false,
  },
  ingest: {
    name: streams.ingest.name,
    subjects: [streams.ingest.subject],
    maxAgeMs: hourMs,
    maxBytes: 2 * gibibyte,
    maxPerSubject: 0,
    dedupWindowMs: 2 * minuteMs,
    isCompressed: false,
  },
  dead: {
    name: streams.dead.name,
    subjects: [streams.dead.subject],
    maxAgeMs: 14 * dayMs,
    maxBytes: gibibyte,
    maxPerSubject: 0,
    dedupWindowMs: 2 * minuteMs,
    isCompressed: false,
  },
} as const satisfies Record<string, StreamPlan>;

export type StreamName = keyof typeof streamPlans;

/** The stream that keeps the events of a type. */
export function streamOfEvent(type: string): EventStream {
  return streamOfContext(type.slice(0, type.indexOf('.')));
}
