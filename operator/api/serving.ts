/** What the client Service selects when gateways of all revisions take clients, which is so with the strategy OnDelete and in the canary step. */
export const ALL_REVISIONS = '*';

/** True if the client Service offers what is of `revision`. @param serving revision it selects, or {@link ALL_REVISIONS}; undefined for no Service */
export function isServing({ revision }: { readonly revision: string }, serving: string | undefined): boolean {
  return serving === ALL_REVISIONS || revision === serving;
}
