/**
 * The most bytes of request headers that are read, as in Node's own server; uWebSockets.js stops at 4 KiB by itself and
 * answers 431, after which SDKs try again for ever. One large cookie of the site is enough. uWebSockets.js takes the
 * limit from the environment when its addon is loaded, so this module has to be imported before it.
 */
const HEADER_BYTES = 16_384;

process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(HEADER_BYTES);
