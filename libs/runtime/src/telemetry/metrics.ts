import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../ports/service.ts';

type Made<K extends 'counter' | 'gauge' | 'histogram'> = ReturnType<Metrics[K]> & {
  forget(labels: Record<string, string>): Promise<void>;
};

/**
 * A registry of figures of one service. Asking for the same name again gives the same metric.
 */
export function createMetrics(options: { labels?: Record<string, string> } = {}): Metrics {
  const registry = new Registry();
  if (options.labels) registry.setDefaultLabels(options.labels);
  const counters = new Map<string, Made<'counter'>>();
  const gauges = new Map<string, Made<'gauge'>>();
  const histograms = new Map<string, Made<'histogram'>>();

  return {
    counter: (name, help, labelNames = []) =>
      once(counters, name, () => {
        const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
        return { add: (labels = {}, by = 1) => counter.inc(labels, by), forget: (labels) => forgetIn(counter, labels) };
      }),
    gauge: (name, help, labelNames = []) =>
      once(gauges, name, () => {
        const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
        return {
          set: (value, labels = {}) => gauge.set(labels, value),
          remove: (labels) => gauge.remove(labels),
          forget: (labels) => forgetIn(gauge, labels),
        };
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
        return {
          observe: (value, labels = {}) => histogram.observe(labels, value),
          forget: (labels) => forgetIn(histogram, labels),
        };
      }),
    forget: async (labels) => {
      for (const metric of [...counters.values(), ...gauges.values(), ...histograms.values()])
        await metric.forget(labels);
    },
    text: () => registry.metrics(),
  };
}

/** What Prometheus' client offers of every kind of metric. */
interface Labelled {
  get(): Promise<{ values: { labels: Partial<Record<string, string | number>> }[] }>;
  remove(labels: Partial<Record<string, string | number>>): void;
}

async function forgetIn(metric: Labelled, gone: Record<string, string>): Promise<void> {
  for (const { labels } of (await metric.get()).values) {
    if (!Object.entries(gone).every(([name, value]) => labels[name] === value)) continue;
    // The bucket of a histogram is no label of the whole.
    const { le: _bucket, ...own } = labels;
    metric.remove(own);
  }
}

function once<T>(made: Map<string, T>, name: string, make: () => T): T {
  let metric = made.get(name);
  if (!metric) {
    metric = make();
    made.set(name, metric);
  }
  return metric;
}
