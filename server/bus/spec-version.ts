import type { WithMetadata } from './epoch.ts';

/** Key in the metadata of streams and consumers of the spec version that their settings come from. */
export const SPEC_KEY = 'chat-spec';

/** `CHAT_SPEC_VERSION` of the worker that last wrote the settings; empty if it had none. Pure. */
export function specOf(info: WithMetadata): string {
  return info.config.metadata?.[SPEC_KEY] ?? '';
}

/**
 * Compares two spec versions: above 0 if `a` is newer. An empty version is older than any other. Pure.
 * @param a `<created, ms>.<generation>` or empty
 */
export function compareSpecs(a: string, b: string): number {
  const [madeA = 0, generationA = 0] = a.split('.').map(Number);
  const [madeB = 0, generationB = 0] = b.split('.').map(Number);
  return madeA - madeB || generationA - generationB || 0;
}

/** Metadata of a stream or consumer that a worker makes. Pure. */
export function specMetadata(spec: string): Record<string, string> {
  return spec === '' ? {} : { [SPEC_KEY]: spec };
}
