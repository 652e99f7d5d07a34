import type { JetStreamManager } from '@nats-io/jetstream';
import type { WithMetadata } from './epoch.ts';

type Metadata = Readonly<Record<string, string>>;

/**
 * Update of the settings called `names`, with the spec version if that differs. The library
 * adds the other settings unchanged.
 */
export function updateOf<T extends object>(actual: WithMetadata, wanted: T, names: readonly string[], made: Metadata) {
  const settings = Object.fromEntries(Object.entries(wanted).filter(([name]) => names.includes(name))) as Partial<T>;
  const metadata: Metadata = { ...actual.config.metadata, ...(names.includes('spec') ? made : {}) };
  return { ...settings, metadata };
}

/** Changes the settings called `names` of a stream that mirrors nothing. */
export async function updateStream(
  jsm: JetStreamManager,
  wanted: { readonly name: string },
  names: readonly string[],
  made: Metadata,
): Promise<void> {
  const actual = await jsm.streams.info(wanted.name);
  await jsm.streams.update(wanted.name, updateOf(actual, wanted, names, made));
}

/**
 * Turns off `allow_direct` of LOG while LIVE changes. Otherwise LIVE would inherit it and answer half of the direct gets for
 * LOG, though it has only the last minutes.
 */
export async function withoutDirect(jsm: JetStreamManager, log: string, change: () => Promise<void>): Promise<void> {
  await jsm.streams.update(log, { allow_direct: false });
  await change();
  await jsm.streams.update(log, { allow_direct: true });
}
