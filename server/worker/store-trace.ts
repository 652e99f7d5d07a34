import { SpanKind, trace } from '@opentelemetry/api';
import type { StoredMessage } from '../room/message.ts';
import { contextOf } from '../telemetry/message-trace.ts';

const SAMPLED = 0x01;

/** True if a W3C traceparent is sampled. Pure. */
export function isSampled(traceparent: string): boolean {
  const flags = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-([0-9a-f]{2})/.exec(traceparent)?.[1];
  return flags !== undefined && (Number.parseInt(flags, 16) & SAMPLED) !== 0;
}

/**
 * Starts a span `message.store` for each sampled message of a batch: the last span of the trace that began at the publisher's
 * socket. The returned function ends them.
 */
export function storeSpans(batch: readonly StoredMessage[]): () => void {
  const tracer = trace.getTracer('chatcluster');
  const spans = batch
    .filter(message => isSampled(message.traceparent))
    .map(message =>
      tracer.startSpan(
        'message.store',
        { kind: SpanKind.CONSUMER, attributes: { 'chat.offset': message.offset, 'chat.batch': batch.length } },
        contextOf(message.traceparent),
      ),
    );
  return () => {
    for (const span of spans) span.end();
  };
}
