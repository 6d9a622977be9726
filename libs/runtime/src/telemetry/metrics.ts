import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../ports/service.ts';

/**
 * A registry of figures of one service. Asking for the same name again gives the same metric.
 */
export function createMetrics(options: { labels?: Record<string, string> } = {}): Metrics {
  const registry = new Registry();
  if (options.labels) registry.setDefaultLabels(options.labels);
  const counters = new Map<string, ReturnType<Metrics['counter']>>();
  const gauges = new Map<string, ReturnType<Metrics['gauge']>>();
  const histograms = new Map<string, ReturnType<Metrics['histogram']>>();

  return {
    counter: (name, help, labelNames = []) =>
      once(counters, name, () => {
        const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
        return { add: (labels = {}, by = 1) => counter.inc(labels, by) };
      }),
    gauge: (name, help, labelNames = []) =>
      once(gauges, name, () => {
        const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
        return { set: (value, labels = {}) => gauge.set(labels, value), remove: (labels) => gauge.remove(labels) };
      }),
    histogram: (name, help, labelNames = [], buckets) =>
      once(histograms, name, () => {
        const histogram = new Histogram({
          name,
          help,
          labelNames: [...labelNames],
          registers: [registry],
          ...(buckets ? { buckets: [...buckets] } : {}),
        });
        return { observe: (value, labels = {}) => histogram.observe(labels, value) };
      }),
    text: () => registry.metrics(),
  };
}

function once<T>(made: Map<string, T>, name: string, make: () => T): T {
  let metric = made.get(name);
  if (!metric) {
    metric = make();
    made.set(name, metric);
  }
  return metric;
}
