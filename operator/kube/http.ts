import { OPERATOR_VERSION } from '../process/version.ts';
import { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from './library.ts';

/** Where the API server is and who we are. */
export type KubeAccess = KubeConfig;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Called right before the request is sent, each time it is. @throws to keep it from being sent */
  readonly beforeSend?: () => void;
}

export interface HttpAnswer {
  readonly status: number;
  /** Header `Retry-After`, empty without one. */
  readonly retryAfter: string;
  text(): Promise<string>;
  stream(): ReadableStream<Uint8Array> | null;
}

interface Credentials {
  readonly headers: Record<string, string>;
  readonly dispatcher: ReturnType<RequestContext['getDispatcher']>;
  readonly readAt: number;
}

/** Tokens on disk are renewed by the kubelet; they are read again after this time, or when the server refuses one. */
const CREDENTIALS_MS = 60_000;

/** By this an administrator finds the operator in audit logs and flow schemas. */
const USER_AGENT = `chatcluster-operator/${OPERATOR_VERSION} (${process.platform}/${process.arch}) node/${process.versions.node}`;

/**
 * Requests with the credentials of a kubeconfig. One connection pool serves all of them: the library's own clients open
 * a TLS connection for each.
 */
export class KubeHttp {
  readonly #access: KubeAccess;
  readonly #now: () => number;
  readonly #http = new IsomorphicFetchHttpLibrary();
  #credentials: Credentials | undefined;

  /** @param now milliseconds that never run backwards */
  constructor(access: KubeAccess, now: () => number) {
    this.#access = access;
    this.#now = now;
  }

  /** One request, whatever the answer. Rejects when there is none. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const answer = await this.#attempt(request);
    if (answer.status !== 401) return answer;
    await answer.text();
    this.#credentials = undefined;
    return await this.#attempt(request);
  }

  async #attempt({ method, path, contentType, body, signal, beforeSend }: HttpRequest): Promise<HttpAnswer> {
    const server = this.#access.getCurrentCluster()?.server;
    if (!server) throw new Error('the kubeconfig names no cluster');
    const context = new RequestContext(server.replace(/\/$/, '') + path, HttpMethod[method]);
    const { headers, dispatcher } = await this.#currentCredentials();
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    context.setHeaderParam('accept', 'application/json');
    context.setHeaderParam('user-agent', USER_AGENT);
    if (contentType !== undefined) context.setHeaderParam('content-type', contentType);
    if (body !== undefined) context.setBody(body);
    if (dispatcher) context.setDispatcher(dispatcher);
    context.setSignal(signal);
    beforeSend?.();
    const answer = await this.#http.send(context).toPromise();
    return {
      status: answer.httpStatusCode,
      retryAfter: answer.headers['retry-after'] ?? '',
      text: () => answer.body.text(),
      stream: () => answer.body.stream(),
    };
  }

  async #currentCredentials(): Promise<Credentials> {
    const known = this.#credentials;
    if (known && this.#now() - known.readAt < CREDENTIALS_MS) return known;
    const filled = new RequestContext('https://unused/', HttpMethod.GET);
    await this.#access.applySecurityAuthentication(filled);
    const dispatcher = known?.dispatcher ?? filled.getDispatcher();
    this.#credentials = { headers: filled.getHeaders(), dispatcher, readAt: this.#now() };
    return this.#credentials;
  }
}

/** From KUBECONFIG or `~/.kube/config`, else the pod's service account. */
export function defaultAccess(): KubeAccess {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

/** From the text of a kubeconfig. */
export function accessOf(kubeconfig: string): KubeAccess {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}
