import { SpanKind, trace } from '@opentelemetry/api';
import type { StoredMessage } from '../room/message.ts';
import { contextOf, isSampled } from '../telemetry/message-trace.ts';

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
