import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { StoredMessage } from '../room/message.ts';

/** The span of one publish. */
export interface PublishSpan {
  /** W3C header for the message; empty when tracing is off. */
  readonly traceparent: string;
  end(offset: number): void;
  fail(error: unknown): void;
}

/** Follows messages through the processes. Costs a check when tracing is off. */
export interface MessageTrace {
  publish(room: string, type: string): PublishSpan;
  /** Marks that a message was handed to this gateway's subscribers. */
  delivered(message: StoredMessage, deliveries: number): void;
}

const OFF: PublishSpan = { traceparent: '', end: () => undefined, fail: () => undefined };

export const noTrace: MessageTrace = { publish: () => OFF, delivered: () => undefined };

/** The context a stored message carries, as the parent of what is done with it. */
export function contextOf(traceparent: string) {
  return propagation.extract(context.active(), { traceparent });
}

/** Uses the tracer provider registered by `tracing.ts`. The room's kind is recorded, its name is not. */
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
