/** Ports every process listens on. A gateway opens both, a worker only `admin`. */
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

/** Paths on the admin port. `live` follows the event loop only; `ready` never follows NATS or MongoDB after the start. */
export const ADMIN_PATHS = { live: '/livez', ready: '/readyz', metrics: '/metrics', load: '/load' } as const;

export const WORKER_PATHS = { backends: '/backends' } as const;

/** Where the image keeps the compiled server; Node's flags that every container starts with. */
export const IMAGE_WORKDIR = '/app';
