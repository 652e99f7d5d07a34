/**
 * Largest request head, in bytes, as in Node's own server. The default of uWebSockets.js is 4 KiB, which one large cookie of the
 * site exceeds: it answers 431, and SDKs retry for ever. uWebSockets.js reads the limit from the environment when its addon is
 * loaded, so this module has to be imported before it.
 */
const HEADER_BYTES = 16_384;

process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(HEADER_BYTES);
