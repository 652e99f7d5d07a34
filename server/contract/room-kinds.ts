/** Default of a room kind for the protocol's bare publish, by the access of the kind. */
export const BARE_PUBLISH = { Open: 'Enabled', Claim: 'Disabled' } as const;
