import { trace } from '@opentelemetry/api';
import { type DestinationStream, pino } from 'pino';
import type { Log } from '../ports/service.ts';
import { readableErrors } from './readable-errors.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * JSON lines on stdout, each with its service, its replica and the trace that it belongs to. An error is given as it is
 * (`{ error }`) and is written with its code, message, stack and causes.
 */
export function createLog(
  options: { service: string; instance: string; level?: LogLevel },
  destination?: DestinationStream,
): Log {
  const settings = {
    level: options.level ?? 'info',
    base: { service: options.service, instance: options.instance },
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }), log: readableErrors },
    // `err` would be read once more by a serializer of pino's own.
    serializers: { err: (value: unknown) => value },
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
