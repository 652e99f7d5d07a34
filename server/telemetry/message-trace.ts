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

/** Traces calls of verbs, and messages through the processes. Costs next to nothing when tracing is off. */
export interface MessageTrace {
  /**
   * Runs a call of a verb in a span of its own, the parent of the spans of what it publishes. The span has the code of an error, as
   * `codeOf` reads it.
   * @param room null for none
   */
  call<T>(verb: string, room: string | null, run: () => Promise<T>, codeOf: (error: unknown) => number): Promise<T>;
  /** Starts the span of a publish. */
  publish(room: string, type: string): PublishSpan;
  /** Records the delivery of a message to this gateway's subscribers as a span of its own. */
  delivered(message: StoredMessage, deliveries: number): void;
}

const OFF: PublishSpan = { traceparent: '', end: () => undefined, fail: () => undefined };

/** A trace that records nothing. */
export const noTrace: MessageTrace = { call: (_, __, run) => run(), publish: () => OFF, delivered: () => undefined };

/** Trace context that a stored message carries, as parent for new spans. */
export function contextOf(traceparent: string) {
  return propagation.extract(context.active(), { traceparent });
}

/** Bit of a W3C traceparent's flags. */
const SAMPLED = 0x01;

/** True if a W3C traceparent is sampled. Pure. */
export function isSampled(traceparent: string): boolean {
  const flags = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-([0-9a-f]{2})/.exec(traceparent)?.[1];
  return flags !== undefined && (Number.parseInt(flags, 16) & SAMPLED) !== 0;
}

/** Traces with the provider that `tracing.ts` registered. Records the kind of a room, not its name. */
export function messageTrace(): MessageTrace {
  const tracer = trace.getTracer('chatcluster');
  return {
    call(verb, room, run, codeOf) {
      const attributes = room === null ? {} : { 'chat.kind': kindIn(room) };
      return tracer.startActiveSpan(verb, { kind: SpanKind.SERVER, attributes }, async span => {
        try {
          return await run();
        } catch (error) {
          span.setAttribute('chat.error', codeOf(error));
          span.setStatus({ code: SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      });
    },
    publish(room, type) {
      const span = tracer.startSpan('message.publish', {
        kind: SpanKind.PRODUCER,
        attributes: { 'chat.kind': kindIn(room), 'chat.type': type },
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

const kindIn = (room: string) => room.split(':', 1)[0] ?? '';

function end(span: Span, offset: number): void {
  span.setAttribute('chat.offset', offset);
  span.end();
}
