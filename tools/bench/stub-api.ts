/** An API server in memory, with what Kubernetes' controllers and kubelets would do, just enough for an operator to be at rest. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

type Texts = Readonly<Record<string, string | null>>;

interface Meta {
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  creationTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string | null>;
  ownerReferences?: object[];
}
export interface StubObject {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  [field: string]: unknown;
}
type Event = 'ADDED' | 'MODIFIED' | 'DELETED';

interface Target {
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** `/api/v1/...` or `/apis/group/version/...`. */
function targetOf(path: string): Target {
  const parts = path.split('/').slice(path.startsWith('/apis/') ? 4 : 3);
  const [namespace = '', ...rest] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(1) : ['', ...parts];
  const [plural = '', name = '', subresource = ''] = rest;
  return { plural, namespace, name, subresource };
}

const BOOKMARK_MS = 60_000;

export class StubApi {
  readonly #objects = new Map<string, Map<string, StubObject>>();
  readonly #watchers = new Map<string, Set<ServerResponse>>();
  readonly #onWrite: (plural: string, object: StubObject) => void;
  #version = 1;
  #uids = 0;

  /** @param onWrite receives each object the operator wrote, after it is stored */
  constructor(onWrite: (plural: string, object: StubObject) => void) {
    this.#onWrite = onWrite;
    setInterval(() => this.#bookmark(), BOOKMARK_MS).unref();
  }

  /** @returns the server, listening on a free port of 127.0.0.1 */
  async listen(): Promise<Server> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch(error => response.writeHead(500).end(String(error)));
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  all(plural: string): StubObject[] {
    return [...(this.#objects.get(plural)?.values() ?? [])];
  }
  get(plural: string, namespace: string, name: string): StubObject | undefined {
    return this.#objects.get(plural)?.get(`${namespace}/${name}`);
  }

  /** Stores an object for a writer other than the operator. */
  put(plural: string, object: StubObject): StubObject {
    return this.#store(plural, object);
  }

  #of(plural: string): Map<string, StubObject> {
    const known = this.#objects.get(plural) ?? new Map<string, StubObject>();
    this.#objects.set(plural, known);
    return known;
  }

  #store(plural: string, object: StubObject): StubObject {
    const { metadata } = object;
    const key = `${metadata.namespace ?? ''}/${metadata.name}`;
    const before = this.#of(plural).get(key);
    const stored: StubObject = {
      ...object,
      metadata: {
        ...metadata,
        uid:
          before?.metadata.uid ?? metadata.uid ?? `00000000-0000-4000-8000-${String(++this.#uids).padStart(12, '0')}`,
        creationTimestamp: before?.metadata.creationTimestamp ?? new Date().toISOString(),
        generation: metadata.generation ?? before?.metadata.generation ?? 1,
        resourceVersion: String(++this.#version),
      },
    };
    this.#of(plural).set(key, stored);
    this.#send(plural, before ? 'MODIFIED' : 'ADDED', stored);
    return stored;
  }

  #send(plural: string, type: Event | 'BOOKMARK', object: object): void {
    const watchers = this.#watchers.get(plural);
    if (!watchers?.size) return;
    const line = `${JSON.stringify({ type, object })}\n`;
    for (const watcher of watchers) watcher.write(line);
  }

  #bookmark(): void {
    for (const plural of this.#watchers.keys())
      this.#send(plural, 'BOOKMARK', { metadata: { resourceVersion: String(this.#version) } });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stub');
    const target = targetOf(url.pathname);
    const verb = url.searchParams.has('watch') ? 'WATCH' : (request.method ?? '');
    if (verb === 'WATCH') return this.#watch(target.plural, url.searchParams.has('sendInitialEvents'), response);
    const body = verb === 'GET' ? undefined : (JSON.parse(await text(request)) as StubObject);
    const [status, answer] = body
      ? [verb === 'POST' ? 201 : 200, this.#write(verb, target, body, request.headers['content-type'] ?? '')]
      : this.#read(target, url.searchParams);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  /** @param fromStart whether it begins with all objects */
  #watch(plural: string, fromStart: boolean, response: ServerResponse): void {
    const watchers = this.#watchers.get(plural) ?? new Set();
    this.#watchers.set(plural, watchers.add(response));
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    response.once('close', () => watchers.delete(response));
    if (!fromStart) return;
    for (const object of this.all(plural)) response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    const end = { metadata: { resourceVersion: String(this.#version), annotations } };
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object: end })}\n`);
  }

  #read({ plural, namespace, name }: Target, query: URLSearchParams): [number, object] {
    if (name !== '') {
      const found = this.get(plural, namespace, name);
      const missing = { kind: 'Status', code: 404, reason: 'NotFound', message: `no ${plural} ${name}` };
      return found ? [200, found] : [404, missing];
    }
    const all = this.all(plural);
    const from = Number(query.get('continue') ?? 0);
    const to = from + Number(query.get('limit') ?? all.length);
    const more = to < all.length ? { continue: String(to) } : {};
    return [200, { metadata: { resourceVersion: String(this.#version), ...more }, items: all.slice(from, to) }];
  }

  #write(verb: string, { plural, namespace, name, subresource }: Target, body: StubObject, type: string): object {
    if (plural === 'events') return body;
    const before = this.get(plural, namespace, name || body.metadata?.name);
    if (verb === 'DELETE') {
      this.#of(plural).delete(`${namespace}/${name}`);
      if (before)
        this.#send(plural, 'DELETED', {
          ...before,
          metadata: { ...before.metadata, resourceVersion: String(++this.#version) },
        });
      return {};
    }
    const stored = this.#store(
      plural,
      type.includes('apply') || !before ? applied(before, body, subresource) : merged(before, body),
    );
    if (subresource === '' && plural !== 'leases') this.#onWrite(plural, stored);
    return stored;
  }
}

function applied(before: StubObject | undefined, body: StubObject, subresource: string): StubObject {
  if (subresource !== '' && before) return { ...before, status: body['status'] };
  const status = before?.['status'];
  const metadata = { ...body.metadata, generation: (before?.metadata.generation ?? 0) + 1 };
  return { ...body, metadata, ...(status === undefined ? {} : { status }) };
}

/** A merge patch of metadata; leases are replaced. */
function merged(before: StubObject, body: StubObject): StubObject {
  const { labels, annotations } = body.metadata;
  const over = (old: Texts = {}, change: Texts = {}) =>
    Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value !== null)) as Record<
      string,
      string
    >;
  const metadata = {
    ...before.metadata,
    labels: over(before.metadata.labels, labels),
    annotations: over(before.metadata.annotations, annotations),
  };
  return { ...before, ...body, apiVersion: before.apiVersion, kind: before.kind, metadata };
}
