import type { WithMetadata } from './epoch.ts';

/** Key in the metadata of streams and consumers with the version of the spec their settings come from. */
export const SPEC_KEY = 'chat-spec';

/** `CHAT_SPEC_VERSION` of the worker that wrote the settings last; empty when it had none. Pure. */
export function specOf(info: WithMetadata): string {
  return info.config.metadata?.[SPEC_KEY] ?? '';
}

/**
 * Above 0 when `a` is newer than `b`: made later, or of a later generation. Anything is newer than none. Pure.
 * @param a `<created, ms>.<generation>` or empty
 */
export function compareSpecs(a: string, b: string): number {
  const [madeA = 0, generationA = 0] = a.split('.').map(Number);
  const [madeB = 0, generationB = 0] = b.split('.').map(Number);
  return madeA - madeB || generationA - generationB || 0;
}

/** The metadata of what a worker of a spec makes. Pure. */
export function specMetadata(spec: string): Record<string, string> {
  return spec === '' ? {} : { [SPEC_KEY]: spec };
}
