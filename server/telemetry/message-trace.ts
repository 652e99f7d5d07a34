import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { StoredMessage } from '../room/message.ts';

/** Span of one publish. The caller ends it with {@link end} or {@link fail}, once. */
export interface PublishSpan {
  /** W3C header for the message; empty when tracing is off. */
  readonly traceparent: string;
  /** @param offset of the stored message */
  end(offset: number): void;
  fail(error: unknown): void;
}

/** Traces messages through the processes. Costs next to nothing when tracing is off. */
export interface MessageTrace {
  /** Starts the span of a publish. */
  publish(room: string, type: string): PublishSpan;
  /** Records the delivery of a message to this gateway's subscribers as a span of its own. */
  delivered(message: StoredMessage, deliveries: number): void;
}

const OFF: PublishSpan = { traceparent: '', end: () => undefined, fail: () => undefined };

/** A trace that records nothing. */
export const noTrace: MessageTrace = { publish: () => OFF, delivered: () => undefined };

/** Trace context that a stored message carries, as parent for new spans. */
export function contextOf(traceparent: string) {
  return propagation.extract(context.active(), { traceparent });
}

/** Traces with the provider that `tracing.ts` registered. Records the kind of a room, not its name. */
export function messageTrace(): MessageTrace {
  const tracer = trace.getTracer('chatcluster');
  return {
    publish(room, type) {
      const span = tracer.startSpan('message.publish', {
        kind: SpanKind.PRODUCER,
        attributes: { 'chat.kind': room.split(':', 1)[0] ?? '', 'chat.type': type },
      });
      const carrier: { traceparent?: string } = {};
      propagation.inject(trace.setSpan(context.active(), span), carrier);
      return {
        traceparent: carrier.traceparent ?? '',
        end: offset => end(span, offset),
        fail: error => {
          span.recordException(error instanceof Error ? error : String(error));
          span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    delivered(message, deliveries) {
      if (message.traceparent === '') return;
      const options = { kind: SpanKind.CONSUMER, attributes: { 'chat.deliveries': deliveries } };
      end(tracer.startSpan('message.deliver', options, contextOf(message.traceparent)), message.offset);
    },
  };
}

function end(span: Span, offset: number): void {
  span.setAttribute('chat.offset', offset);
  span.end();
}
