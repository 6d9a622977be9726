import { context as contexts, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { Tracer } from '../ports/service.ts';

export interface ServiceTracer extends Tracer {
  /** Sends what has been recorded, then stops. */
  close(): Promise<void>;
}

let isRegistered = false;

/** What finds the present span, and how it is written into headers, is one thing for the whole process. */
function registerOnce(): void {
  if (isRegistered) return;
  isRegistered = true;
  new NodeTracerProvider().register();
}

/**
 * Spans of one service. They are sent to the collector at `otlpEndpoint` (the base URL, as in
 * OTEL_EXPORTER_OTLP_ENDPOINT); without one they only carry the ids of a trace through logs and messages.
 */
export function createTracer(options: {
  service: string;
  version?: string;
  otlpEndpoint?: string | undefined;
  processors?: SpanProcessor[];
}): ServiceTracer {
  registerOnce();
  const processors = [...(options.processors ?? [])];
  if (options.otlpEndpoint) {
    const url = `${options.otlpEndpoint.replace(/\/$/, '')}/v1/traces`;
    processors.push(new BatchSpanProcessor(new OTLPTraceExporter({ url })));
  }
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: options.service,
      ...(options.version === undefined ? {} : { [ATTR_SERVICE_VERSION]: options.version }),
    }),
    spanProcessors: processors,
  });
  const tracer = provider.getTracer('@capplan/runtime');

  return {
    span: (name, attributes, work) =>
      tracer.startActiveSpan(name, { attributes }, async (span) => {
        try {
          return await work();
        } catch (error) {
          span.recordException(error instanceof Error ? error : String(error));
          span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
          throw error;
        } finally {
          span.end();
        }
      }),
    inject: (headers) => propagation.inject(contexts.active(), headers),
    continue: (headers, work) => contexts.with(propagation.extract(contexts.active(), headers), work),
    close: async () => {
      await provider.forceFlush().catch(() => {});
      await provider.shutdown().catch(() => {});
    },
  };
}

/** The ids of the present span, for whoever needs to show them. */
export function presentTrace(): { traceId: string; spanId: string } | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { traceId: span.traceId, spanId: span.spanId } : undefined;
}
