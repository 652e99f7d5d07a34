/** What the operator uses of the Kubernetes client. In the image this file is a bundle of just that, see `operator/bundle.ts`. */
export { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from '@kubernetes/client-node';
