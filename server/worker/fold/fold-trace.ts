import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { contextOf, isSampled } from '../../telemetry/message-trace.ts';
import type { FoldBatch } from './fold.ts';

/** Types of entries that folds do not change anything by, beside the place of the room's last entry. */
const PLAIN: ReadonlySet<string> = new Set(['message', 'publish']);

/**
 * Applies a batch in spans `message.fold`, one for each entry that is sampled and changes something: a message, a room or a
 * membership. They are of the traces that began at the sockets of those who acted. A batch that fails is applied again, in new spans.
 */
export async function inFoldSpans(fold: string, { entries }: FoldBatch, apply: () => Promise<void>): Promise<void> {
  const tracer = trace.getTracer('chatcluster');
  const spans = entries.flatMap(({ room, offset, message }) => {
    if (message === null || PLAIN.has(message.type) || !isSampled(message.traceparent)) return [];
    const attributes = {
      'chat.fold': fold,
      'chat.kind': room.split(':', 1)[0] ?? '',
      'chat.type': message.type,
      'chat.offset': offset,
      'chat.batch': entries.length,
    };
    return tracer.startSpan('message.fold', { kind: SpanKind.CONSUMER, attributes }, contextOf(message.traceparent));
  });
  try {
    await apply();
  } catch (error) {
    for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}
