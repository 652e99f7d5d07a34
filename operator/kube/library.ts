/**
 * The parts of the Kubernetes client that the operator uses. In the image this file is a bundle of just these, see
 * `operator/bundle.ts`.
 */
export { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from '@kubernetes/client-node';
