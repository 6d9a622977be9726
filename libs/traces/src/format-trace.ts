import type { ArrivalTrace } from './arrival-trace.ts';

/**
 * Writes a trace in the form that `parseTrace` reads. Intervals that were not measured are left out, so a trace that
 * begins or ends with one comes back shorter.
 *
 * @example formatTrace(trace).split('\n')[0] // '# name: demo'
 */
export function formatTrace(trace: ArrivalTrace): string {
  const lines = [`# name: ${trace.name}`, `# interval_s: ${trace.intervalSec}`, 'timestamp,arrival_rate'];
  for (const [i, rate] of trace.ratesPerSec.entries()) {
    if (Number.isNaN(rate)) continue;
    const timestamp = new Date(Math.round(trace.startMs + i * trace.intervalSec * 1000)).toISOString();
    lines.push(`${timestamp.replace('.000Z', 'Z')},${rate}`);
  }
  return `${lines.join('\n')}\n`;
}
