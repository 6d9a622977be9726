import type { Clock, Ticker } from '../ports/clock.ts';
import type { Metrics } from '../ports/service.ts';

/** Memory and processor time of this process, taken anew every ten seconds. */
export function watchProcess(metrics: Metrics, clock: Clock): Ticker {
  const memory = metrics.gauge('capacity_planner_memory_usage_bytes', 'Resident memory of the process');
  const processor = metrics.gauge('capacity_planner_cpu_usage_percent', 'Processor time used, percent of one core');
  let last = process.cpuUsage();
  let lastMs = performance.now();
  const take = (): void => {
    const used = process.cpuUsage(last);
    const nowMs = performance.now();
    memory.set(process.memoryUsage.rss());
    processor.set(nowMs > lastMs ? (used.user + used.system) / 10 / (nowMs - lastMs) : 0);
    last = process.cpuUsage();
    lastMs = nowMs;
  };
  take();
  return clock.every(10_000, take, () => {});
}
