/**
 * Tracing is off unless OTEL_EXPORTER_OTLP_ENDPOINT is set; the other OTEL_ variables (sampler, headers, resource) are
 * read by the SDK. The SDK is loaded only then: it costs 40 MB.
 * @param service default of OTEL_SERVICE_NAME
 * @returns null when off
 */
export async function startTracing(
  service: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ stop(): Promise<void> } | null> {
  if (!env['OTEL_EXPORTER_OTLP_ENDPOINT']) return null;
  const [{ NodeSDK }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const sdk = new NodeSDK({
    serviceName: env['OTEL_SERVICE_NAME'] ?? service,
    traceExporter: new OTLPTraceExporter(),
    instrumentations: [],
  });
  sdk.start();
  return { stop: () => sdk.shutdown() };
}
