/** Reads the settings of logs, metrics, traces and health. Uses OpenTelemetry's variables if it has them. */
import { isIP } from 'node:net';
import { defined } from '../defined.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Where metrics go. */
export type MetricsTarget =
  | { readonly kind: 'none' }
  /** Served at `/metrics`. */
  | { readonly kind: 'prometheus'; readonly bindAddress: string }
  /** Sent every `exportIntervalMs`. */
  | { readonly kind: 'otlp'; readonly url: string; readonly isHttp: boolean; readonly exportIntervalMs: number };

/** Where logs, metrics, traces and health go. */
export interface TelemetrySettings {
  readonly metrics: MetricsTarget;
  /** Base URL of an OTLP collector; absent: no traces. */
  readonly tracesEndpoint?: string;
  readonly serviceName: string;
  readonly health?: ListenAddress;
  readonly logFormat: 'text' | 'json';
}

const serviceName = 'temporal-tryon';
const exportIntervalMs = 10_000;

/**
 * Reads `127.0.0.1:port`, `localhost:port`, `[::1]:port` or `:port`, which means all interfaces. The SDK takes no other names.
 * @returns `undefined` for anything else
 */
export function readListenAddress(text: string): ListenAddress | undefined {
  const [, host, bare, portText] = /^(?:\[([0-9a-fA-F:]+)\]|([\w.-]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(portText);
  if (portText === undefined || port > 65_535) return undefined;
  const address = host ?? (bare === 'localhost' ? '127.0.0.1' : bare || '0.0.0.0');
  return isIP(address) === 0 ? undefined : { host: address, port };
}

const isWebAddress = (text: string): boolean =>
  URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol) && new URL(text).username === '';

/**
 * Reads the settings.
 * @returns the settings, and one line for each wrong variable
 */
export function readTelemetrySettings(env: Environment): {
  readonly telemetry: TelemetrySettings;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const text = (value: string | undefined): string | undefined => value?.trim() || undefined;
  const oneOf = <T extends string>(name: string, value: string | undefined, words: readonly [T, ...T[]]): T => {
    const word = text(value)?.toLowerCase() ?? words[0];
    if (words.includes(word as T)) return word as T;
    problems.push(`${name} is "${word}"; give one of ${words.join(', ')}`);
    return words[0];
  };
  const address = (name: string, value: string | undefined): ListenAddress | undefined => {
    const given = text(value);
    const read = given === undefined ? undefined : readListenAddress(given);
    if (given !== undefined && read === undefined) {
      problems.push(`${name} is "${given}"; give an address to listen on such as 127.0.0.1:9464`);
    }
    return read;
  };

  const metricsAddress = address('TRYON_METRICS_ADDRESS', env.TRYON_METRICS_ADDRESS);
  const health = address('TRYON_HEALTH_ADDRESS', env.TRYON_HEALTH_ADDRESS);
  const logFormat = oneOf('TRYON_LOG_FORMAT', env.TRYON_LOG_FORMAT, ['text', 'json']);
  const endpoint = text(env.OTEL_EXPORTER_OTLP_ENDPOINT);
  const metricsWord = oneOf('OTEL_METRICS_EXPORTER', env.OTEL_METRICS_EXPORTER, ['otlp', 'none']);
  const tracesWord = oneOf('OTEL_TRACES_EXPORTER', env.OTEL_TRACES_EXPORTER, ['otlp', 'none']);
  const protocol = oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', env.OTEL_EXPORTER_OTLP_PROTOCOL, [
    'http/protobuf',
    'http/json',
    'grpc',
  ]);
  // The value is not shown: a URL may hold a key.
  if (endpoint !== undefined && !isWebAddress(endpoint)) {
    problems.push(
      'OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL without credentials; give one such as http://127.0.0.1:4318',
    );
  }
  const hasTraces = endpoint !== undefined && tracesWord === 'otlp';
  if (hasTraces && protocol === 'grpc') {
    problems.push(
      'traces are sent by OTLP over HTTP; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or OTEL_TRACES_EXPORTER=none',
    );
  }
  const base = endpoint?.replace(/\/+$/, '');
  return {
    telemetry: {
      metrics: target(),
      ...defined({ tracesEndpoint: hasTraces ? base : undefined, health }),
      serviceName: text(env.OTEL_SERVICE_NAME) ?? serviceName,
      logFormat,
    },
    problems,
  };

  /** The SDK has one exporter of metrics: a Prometheus endpoint goes first. */
  function target(): MetricsTarget {
    if (metricsAddress !== undefined) {
      const { host, port } = metricsAddress;
      return { kind: 'prometheus', bindAddress: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
    }
    if (base === undefined || metricsWord === 'none') return { kind: 'none' };
    const isHttp = protocol !== 'grpc';
    return { kind: 'otlp', url: isHttp ? `${base}/v1/metrics` : base, isHttp, exportIntervalMs };
  }
}
