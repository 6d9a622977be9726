import { trace } from '@opentelemetry/api';
import { type DestinationStream, pino } from 'pino';
import type { Log } from '../ports/service.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on stdout, each with its service, its replica and the trace that it belongs to. */
export function createLog(
  options: { service: string; instance: string; level?: LogLevel },
  destination?: DestinationStream,
): Log {
  const settings = {
    level: options.level ?? 'info',
    base: { service: options.service, instance: options.instance },
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const context = trace.getActiveSpan()?.spanContext();
      return context ? { trace_id: context.traceId, span_id: context.spanId } : {};
    },
    redact: {
      paths: ['token', 'password', 'authorization', '*.token', '*.password', '*.authorization'],
      censor: '***',
    },
  };
  const logger = destination ? pino(settings, destination) : pino(settings);
  return {
    debug: (facts, sentence) => logger.debug(facts, sentence),
    info: (facts, sentence) => logger.info(facts, sentence),
    warn: (facts, sentence) => logger.warn(facts, sentence),
    error: (facts, sentence) => logger.error(facts, sentence),
  };
}
