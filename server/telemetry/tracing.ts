/**
 * Starts tracing if OTEL_EXPORTER_OTLP_ENDPOINT is set. The SDK reads the other OTEL_ variables (sampler, headers, resource). It
 * is loaded only if tracing is on, because it takes 40 MB.
 * @param service default of OTEL_SERVICE_NAME
 * @returns null if tracing is off
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
