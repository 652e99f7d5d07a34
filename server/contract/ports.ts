/** Default ports. A gateway listens on both, a worker only on `admin`. */
export const PORTS = { client: 8080, admin: 9090 } as const;

/** Entry points inside the image, relative to its working directory. */
export const ENTRY = {
  gateway: 'server/gateway.js',
  worker: 'server/worker.js',
  operator: 'operator/main.js',
} as const;

/** Paths on the client port. */
export const CLIENT_PATHS = {
  websocket: '/connection/websocket',
  ready: '/readyz',
  devToken: '/dev/token',
  page: '/',
} as const;

/**
 * Paths on the admin port. `live` answers while the event loop runs; `ready` does not depend
 * on NATS or MongoDB after the start.
 */
export const ADMIN_PATHS = { live: '/livez', ready: '/readyz', metrics: '/metrics', load: '/load' } as const;

/** Paths that only a worker has on its admin port. */
export const WORKER_PATHS = { backends: '/backends' } as const;

/** Working directory of the image, which holds the compiled server. */
export const IMAGE_WORKDIR = '/app';
