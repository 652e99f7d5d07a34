/** True if the protocol's bare publish is open in a kind of rooms that does not say, by its access. */
export const BARE_PUBLISH = { Open: 'Enabled', Claim: 'Disabled' } as const;
