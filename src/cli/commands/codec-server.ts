/** `temporal-tryon codec-server`. */
import { codecKeySource } from '../../codec/keys.js';
import { createEncryptionCodec } from '../../codec/payload-codec.js';
import { type CodecServerOptions, originProblem, startCodecServer } from '../../codec/server.js';
import { readCodecToken } from '../../codec/token.js';
import { isLoopbackHost } from '../../providers/loopback.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes, portError, untilInterrupted } from '../exit.js';
import type { OptionsOf } from '../options.js';
import { paint } from '../output.js';

/** Reads the settings. Reports all problems at once. */
function settingsOf(
  { host, port, allowOrigin: allowedOrigins = [] }: OptionsOf<'codec-server'>,
  env: Context['env'],
): CodecServerOptions {
  const source = codecKeySource(env);
  const keys = source?.read();
  const token = readCodecToken(env);
  const problems: string[] = [
    ...(source === undefined
      ? ['no key is set; put the keys into TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE, as for the worker']
      : []),
    ...(keys?.ok === false ? keys.problems : []),
    ...(token.ok ? [] : token.problems),
    ...allowedOrigins.flatMap((origin) => originProblem(origin) ?? []).map((problem) => `--allow-origin ${problem}`),
  ];
  if (token.ok && token.token === undefined && !isLoopbackHost(host)) {
    problems.push(
      `others can reach --host ${host}; set TRYON_CODEC_TOKEN or TRYON_CODEC_TOKEN_FILE, or use the loopback interface`,
    );
  }
  if (source === undefined || !token.ok || problems.length > 0) {
    throw new CliError(problems.join('; '), exitCodes.usage);
  }
  return {
    codec: createEncryptionCodec({ keys: source }),
    allowedOrigins,
    token: token.token ?? (() => undefined),
    host,
    port,
  };
}

export const run: Run<'codec-server'> = async ({ options }, { output, env, signal }) => {
  const settings = settingsOf(options, env);
  const { allowedOrigins, token } = settings;
  const server = await startCodecServer(settings).catch((error: unknown) => {
    throw portError(error, settings.port, '--port');
  });
  try {
    const { url } = server;
    const asksForToken = token() !== undefined;
    output.data({ url, allowedOrigins, asksForToken }, [url]);
    output.note(`payloads are decrypted at ${url}; Ctrl-C ends it`);
    if (allowedOrigins.length === 0) output.note('no web page may call it; name the Temporal UI with --allow-origin');
    const warning = paint.yellow('warning:');
    if (!asksForToken) {
      output.note(`${warning} it asks for no token: every process on this machine can decrypt; set TRYON_CODEC_TOKEN`);
    }
    if (!isLoopbackHost(options.host)) output.note(`${warning} it uses plain HTTP; put a TLS proxy in front of it`);
    return await untilInterrupted(signal);
  } finally {
    await server.close();
  }
};
