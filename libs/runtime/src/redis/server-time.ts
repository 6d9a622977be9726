import { aheadMsOf, type CorrectedClock, type TimeSample } from '../clock/corrected-clock.ts';
import type { Ticker } from '../ports/clock.ts';
import type { Log } from '../ports/service.ts';
import type { RedisLink } from './redis-link.ts';

/** A machine whose clock is off by more than this is not ready: what it writes elsewhere may be wrong. */
const offMsMax = 5_000;
const measureEveryMs = 10_000;
const samplesEach = 3;

export interface ServerTime {
  /** Whether the machine's clock agrees with Redis', within five seconds. */
  health(): { ready: boolean; detail: string };
  stop(): Promise<void>;
}

/**
 * Sets a clock right by the time of Redis, now and every ten seconds, so that replicas agree on the time that decides
 * however wrong the clocks of their machines are. While Redis is away the last measurement stays in force.
 *
 * Resolves when the time has been measured once.
 *
 * @throws `unavailable` when Redis does not say the time
 */
export async function followServerTime(clock: CorrectedClock, link: RedisLink, log: Log): Promise<ServerTime> {
  let machineAheadMs = 0;
  let isComplaining = false;

  const measure = async (): Promise<void> => {
    const samples: TimeSample[] = [];
    for (let i = 0; i < samplesEach; i++) {
      const askedMs = clock.uncorrectedMs();
      const [sec, micro] = await link.reach('asking for the time', (redis) => redis.time());
      samples.push({ askedMs, answeredMs: clock.uncorrectedMs(), serverMs: Number(sec) * 1000 + Number(micro) / 1000 });
    }
    const aheadMs = aheadMsOf(samples);
    clock.correct(aheadMs);
    // The machine's own clock may have been set since the process began.
    machineAheadMs = Math.round(aheadMs + (Date.now() - clock.uncorrectedMs()));
    const isOff = Math.abs(machineAheadMs) > offMsMax;
    if (isOff && !isComplaining) log.warn({ ahead_ms: machineAheadMs }, 'The clock of this machine is wrong');
    if (!isOff && isComplaining) log.info({ ahead_ms: machineAheadMs }, 'The clock of this machine is right again');
    isComplaining = isOff;
  };

  await measure();
  const ticker: Ticker = clock.every(measureEveryMs, measure, () => {
    // The link says itself that Redis is away.
  });
  return {
    health: () => ({
      ready: Math.abs(machineAheadMs) <= offMsMax,
      detail: `the machine’s clock is ${sentenceOf(machineAheadMs)}; what is decided goes by the time of Redis`,
    }),
    stop: ticker.stop,
  };
}

function sentenceOf(aheadMs: number): string {
  const sec = (Math.abs(aheadMs) / 1000).toFixed(1);
  if (sec === '0.0') return 'right';
  return `${sec} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}
