/** Form of an instance name, which streams, subjects and the database start with: lower-case letters, digits, `-`; at most 51. */
export const INSTANCE_PATTERN = /^[a-z0-9]([-a-z0-9]{0,49}[a-z0-9])?$/;
