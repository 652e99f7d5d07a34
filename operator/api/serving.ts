/** Revision that stands for all: gateways of every revision take clients with the strategy OnDelete and in the canary step. */
export const ALL_REVISIONS = '*';

/** True if the client Service selects gateways of `revision`. @param serving revision it selects, or {@link ALL_REVISIONS}; undefined for no Service */
export function isServing({ revision }: { readonly revision: string }, serving: string | undefined): boolean {
  return serving === ALL_REVISIONS || revision === serving;
}
