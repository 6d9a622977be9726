import type { DepthOutcome, ObserveSettings, PlacedReport, PoolMemory, Suspect } from './observation.ts';
import { judgeRetries } from './retries-out.ts';

export interface Demand {
  arrivalRatePerSec: number;
  backlog: number;
  suspects: Suspect[];
  memory: Pick<
    PoolMemory,
    | 'level'
    | 'backlog'
    | 'debtJobs'
    | 'arrivalRatePerSec'
    | 'arrivalRatePerSecPeak'
    | 'reportedRatePerSec'
    | 'flowRatePerSec'
    | 'retriesOutJobs'
  > & {
    disagreement: number;
    surge: number;
    frozenDepth: number;
    hiddenBacklog: number;
    retriesOut: number;
    absurd: number;
  };
}

export interface DemandInput {
  depth: DepthOutcome;
  reports: readonly PlacedReport[];
  /** Greatest backlog that a worker saw; null when none says. */
  reportedBacklog: number | null;
  /** What the pool says about its queue: without one there is no backlog to know. */
  queueKind: string;
  departed: number;
  completed: number;
  /** Attempts that ended, and those of them that are to be tried again. */
  attempts: number;
  retried: number;
  busy: number;
  utilization: number;
  /** Median wait of the jobs that ended in this window, seconds; NaN without any. */
  waitSecP50: number;
  serviceMeanSec: number;
  /** False when the workers' reports cannot be trusted. */
  fleetTrusted: boolean;
  memory: PoolMemory;
  windowEndMs: number;
}

/** An unchanged depth is odd after so many windows in which enough jobs passed through the queue. */
const FROZEN_WINDOWS = 8;
const FROZEN_JOBS = 5;
/** A queue deeper than this is a broken reading. */
const BACKLOG_MAX = 1e10;
/** Weight of the newest window in the comparison of sources. */
const SMOOTHING = 0.25;
/** The peak that a surge is held against loses half in so many windows. */
const PEAK_HALF_LIFE_WINDOWS = 240;
/** Fewer jobs than this in a window are never a surge. */
const SURGE_JOBS_MIN = 100;
/** Arrivals so many times above what left and what waits cannot be true beside them. */
const ABSURD_FACTOR = 3;

/**
 * How many jobs were offered per second, whether or not they were served?
 *
 * Where whoever enqueues reports it, that is the answer. Otherwise from the balance of flow: what left for good, plus
 * what the queue and the workers hold more than before. A balance below zero is taken off the windows that follow
 * (readings are not made at one instant), so that in sum no job is invented or lost. Retries come and go in the
 * balance and are no demand.
 *
 * Where a source is missing or not believed, the answer leans to the safe side: no less backlog and no less demand
 * than was last trusted.
 */
export function estimateDemand(input: DemandInput, settings: ObserveSettings): Demand {
  const { memory } = input;
  const intervalSec = settings.intervalSec;
  const queue = judgeDepth(input, settings);
  const suspects = [...queue.suspects];
  const backlog = queue.trusted ? queue.jobs : Math.max(memory.backlog, queue.atLeast);

  const reportedRate = reportedArrivals(input.reports, settings);
  const balance = balanceOfFlow(input, queue.trusted, backlog, intervalSec);
  const retries = judgeRetries(
    {
      jobs: balance.jobs,
      expectedJobs: expectedJobs(reportedRate ?? memory.flowRatePerSec, intervalSec),
      isReported: reportedRate !== null,
      retried: input.retried,
      attempts: input.attempts,
    },
    { outJobs: memory.retriesOutJobs ?? 0, windows: memory.streaks.retriesOut ?? 0 },
    settings,
  );
  suspects.push(...retries.suspects);
  const flowRate = Math.max(0, retries.jobs) / intervalSec;
  const absurd = isAbsurd(input, { reportedRate, flowRate, queueTrusted: queue.trusted, intervalSec })
    ? (memory.streaks.absurd ?? 0) + 1
    : 0;

  const smooth = (before: number | null, now: number) => (before === null ? now : before + SMOOTHING * (now - before));
  const believedRate = absurd === 1 ? memory.reportedRatePerSec : reportedRate;
  const reportedSmooth = believedRate === null ? null : smooth(memory.reportedRatePerSec, believedRate);
  const flowSmooth = queue.trusted && input.fleetTrusted ? smooth(memory.flowRatePerSec, flowRate) : null;

  let arrivalRate = reportedRate ?? flowRate;
  let disagreement = 0;
  if (reportedSmooth !== null && flowSmooth !== null && reportedRate !== null) {
    const differsBySec = Math.abs(reportedSmooth - flowSmooth);
    const greater = Math.max(reportedSmooth, flowSmooth);
    // Four standard deviations of a Poisson count over the windows that the smoothing looks at.
    const noise = 4 * Math.sqrt(greater / (intervalSec / SMOOTHING));
    if (differsBySec > settings.disagreementMax * greater && differsBySec > noise) {
      disagreement = memory.streaks.disagreement + 1;
      arrivalRate = Math.max(reportedRate, flowRate);
    }
  }
  if (absurd === 1) {
    arrivalRate = Math.max(flowRate, memory.arrivalRatePerSec);
    suspects.push({
      source: 'arrivals',
      reason: 'implausible_change',
      detail: `${show(reportedRate)}/s reported, and from completions and backlog of the same window: ${show(flowRate)}/s`,
    });
  } else if (disagreement >= 2 || absurd > 1) {
    suspects.push({
      source: 'arrivals',
      reason: 'sources_disagree',
      detail: `arrivals reported: ${show(reportedSmooth)}/s; from completions and backlog: ${show(flowSmooth)}/s`,
    });
  }
  if (!queue.trusted || !input.fleetTrusted) arrivalRate = Math.max(arrivalRate, memory.arrivalRatePerSec);

  const surges = isSurge(arrivalRate, memory, settings);
  const surge = surges ? memory.streaks.surge + 1 : 0;
  if (surge === 1) {
    suspects.push({
      source: 'arrivals',
      reason: 'implausible_change',
      detail: `${show(arrivalRate)}/s, and never above ${show(memory.arrivalRatePerSecPeak)}/s lately`,
    });
  }
  const isTrusted = suspects.length === 0 && input.fleetTrusted;
  const peakKept = memory.arrivalRatePerSecPeak * 0.5 ** (1 / PEAK_HALF_LIFE_WINDOWS);
  return {
    arrivalRatePerSec: arrivalRate,
    backlog,
    suspects,
    memory: {
      retriesOutJobs: retries.outJobs,
      retriesOut: retries.windows,
      absurd,
      level: queue.trusted ? { jobs: backlog + input.busy, atMs: input.windowEndMs } : memory.level,
      backlog: queue.trusted ? backlog : memory.backlog,
      // A debt that is owed to retries is kept in mind as such.
      debtJobs: retries.windows > 0 ? 0 : balance.debtJobs,
      arrivalRatePerSec: isTrusted ? arrivalRate : memory.arrivalRatePerSec,
      arrivalRatePerSecPeak: surge === 1 ? peakKept : Math.max(peakKept, arrivalRate),
      reportedRatePerSec: reportedSmooth,
      flowRatePerSec: retries.suspects.length > 0 ? memory.flowRatePerSec : (flowSmooth ?? memory.flowRatePerSec),
      disagreement,
      surge,
      frozenDepth: queue.frozenWindows,
      hiddenBacklog: queue.hiddenWindows,
    },
  };
}

interface JudgedDepth {
  trusted: boolean;
  jobs: number;
  /** What is certainly waiting, where the reading is not believed. */
  atLeast: number;
  suspects: Suspect[];
  frozenWindows: number;
  hiddenWindows: number;
}

function judgeDepth(input: DemandInput, settings: ObserveSettings): JudgedDepth {
  const { depth, memory } = input;
  const judged: JudgedDepth = { trusted: true, jobs: 0, atLeast: 0, suspects: [], frozenWindows: 0, hiddenWindows: 0 };
  const distrust = (reason: Suspect['reason'], detail: string): JudgedDepth => ({
    ...judged,
    trusted: false,
    suspects: [{ source: 'queue', reason, detail: detail.slice(0, 512) }],
  });
  if (!depth.ok) {
    // Workers who see the queue are as good a source as the queue itself.
    if (input.reportedBacklog !== null) return { ...judged, jobs: input.reportedBacklog };
    if (depth.reason !== 'not_asked') return distrust(depth.reason, depth.detail);
    if (input.queueKind !== 'reported') return judged;
    // Without workers nobody can report a backlog; with them, somebody should.
    return memory.workers > 0
      ? distrust('missing', 'no worker reports a backlog')
      : { ...judged, jobs: memory.backlog };
  }
  if (!(depth.jobs >= 0 && depth.jobs <= BACKLOG_MAX)) {
    return distrust('implausible_range', `a depth of ${depth.jobs} jobs`);
  }
  const ageSec = (input.windowEndMs - depth.asOfMs) / 1000;
  if (ageSec > 2 * settings.intervalSec) return distrust('stale', `the depth is ${Math.round(ageSec)} s old`);

  judged.jobs = depth.jobs;
  // HTTP 200 with an old value: the same depth again and again, while jobs pass through.
  const isSame = depth.jobs > 0 && depth.jobs === memory.backlog && input.completed >= FROZEN_JOBS;
  judged.frozenWindows = isSame ? memory.streaks.frozenDepth + 1 : 0;
  if (judged.frozenWindows >= FROZEN_WINDOWS) {
    const detail = `exactly ${depth.jobs} jobs for ${judged.frozenWindows} windows while jobs keep finishing`;
    return { ...distrust('stale', detail), atLeast: depth.jobs, frozenWindows: judged.frozenWindows };
  }
  // A zero that is not empty: every slot is busy and finished jobs had to wait, but the queue says that nothing does.
  const waitsSec = input.waitSecP50 > 1 && input.waitSecP50 > 0.25 * settings.intervalSec;
  judged.hiddenWindows =
    depth.jobs === 0 && input.utilization >= 0.98 && waitsSec ? memory.streaks.hiddenBacklog + 1 : 0;
  const patience = 2 + Math.ceil(Math.min(input.serviceMeanSec, 3600) / settings.intervalSec);
  if (judged.hiddenWindows > patience) {
    const waiting = Math.round((input.completed / settings.intervalSec) * input.waitSecP50);
    const detail = `a depth of 0, while jobs wait ${show(input.waitSecP50)} s and all slots are busy`;
    return { ...distrust('zero_not_empty', detail), atLeast: waiting, hiddenWindows: judged.hiddenWindows };
  }
  return judged;
}

function balanceOfFlow(
  input: DemandInput,
  queueTrusted: boolean,
  backlog: number,
  intervalSec: number,
): { jobs: number; debtJobs: number } {
  const { level, debtJobs } = input.memory;
  let grown = 0;
  if (queueTrusted && level !== null) {
    const sinceSec = Math.max(intervalSec, (input.windowEndMs - level.atMs) / 1000);
    grown = (backlog + input.busy - level.jobs) * (intervalSec / sinceSec);
  }
  const jobs = input.departed + grown + debtJobs;
  // A debt of more than one window of the usual flow is no matter of timing any more.
  const debtMax = Math.max(1, input.memory.arrivalRatePerSec * intervalSec);
  return { jobs, debtJobs: Math.max(-debtMax, Math.min(0, jobs)) };
}

function expectedJobs(ratePerSec: number | null, intervalSec: number): number | null {
  return ratePerSec === null ? null : ratePerSec * intervalSec;
}

/**
 * Can the reported arrivals be true beside what left and what waits in the same window? A rush that has not been worked
 * off stands in the queue; that it was read a moment before makes a difference of a moment.
 */
function isAbsurd(
  input: DemandInput,
  known: { reportedRate: number | null; flowRate: number; queueTrusted: boolean; intervalSec: number },
): boolean {
  const { reportedRate, flowRate, intervalSec } = known;
  const isBacklogKnown = input.depth.ok || input.reportedBacklog !== null;
  if (reportedRate === null || !isBacklogKnown || !known.queueTrusted || !input.fleetTrusted) return false;
  if (input.memory.level === null) return false;
  // A source that has long said more than the balance is a disagreement, and not absurd.
  const believable = ABSURD_FACTOR * Math.max(flowRate, input.memory.reportedRatePerSec ?? 0);
  return reportedRate > believable && (reportedRate - flowRate) * intervalSec > SURGE_JOBS_MIN;
}

function reportedArrivals(reports: readonly PlacedReport[], settings: ObserveSettings): number | null {
  let arrived = 0;
  let heard = false;
  for (const report of reports) {
    if (report.kind !== 'arrival' || report.late) continue;
    const spanSec = (Date.parse(report.data.to) - Date.parse(report.data.from)) / 1000;
    heard = true;
    arrived += report.data.arrived * (spanSec > settings.intervalSec ? settings.intervalSec / spanSec : 1);
  }
  return heard ? arrived / settings.intervalSec : null;
}

function isSurge(arrivalRate: number, memory: PoolMemory, settings: ObserveSettings): boolean {
  return (
    memory.arrivalRatePerSecPeak > 0 &&
    arrivalRate > settings.changeFactorMax * memory.arrivalRatePerSecPeak &&
    arrivalRate * settings.intervalSec > SURGE_JOBS_MIN
  );
}

function show(value: number | null): string {
  return value === null ? 'unknown' : String(Number(value.toPrecision(3)));
}
