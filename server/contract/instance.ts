/** Names a ChatCluster's streams, subjects, database: lower-case letters, digits and `-`, at most 51 characters. */
export const INSTANCE_PATTERN = /^[a-z0-9]([-a-z0-9]{0,49}[a-z0-9])?$/;
