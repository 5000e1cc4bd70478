/** The few calls of S3 that the archive needs, behind an interface of our own: the SDK is an optional package. */
import type * as S3 from '@aws-sdk/client-s3';
import { StoreError } from './store.js';

/** A call that S3 refused or that did not reach it. `status` is absent where no answer came. */
export interface S3Failure {
  readonly status?: number;
  /** The SDK's or the server's name for it. */
  readonly code: string;
}

/** An object to write. */
export interface S3Put {
  readonly key: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly contentType: string;
  /** Only where the key does not exist. */
  readonly ifAbsent: boolean;
}

/** The calls, on one bucket. Each resolves to a failure or to what it found; only an abort rejects. */
export interface S3Api {
  put(object: S3Put, signal?: AbortSignal): Promise<S3Failure | undefined>;
  /** Length and, where known, SHA-256 of an object, in hex. */
  head(key: string, signal?: AbortSignal): Promise<{ readonly bytes: number; readonly sha256?: string } | S3Failure>;
  remove(key: string): Promise<S3Failure | undefined>;
  close(): void;
}

/** Limits of one call's connection and of its answer. The SDK tries a call that failed twice more. */
export const s3Limits = { connectMs: 5_000, answerMs: 60_000 } as const;
/** The user metadata that names the content's hash: not every server keeps checksums. */
const hashName = 'sha256';

/** The region where nothing names one: servers other than Amazon's have none. */
const anyRegion = 'us-east-1';

function failureOf(error: unknown): S3Failure {
  const { name, Code, code, $metadata } = error as {
    readonly name?: string;
    readonly Code?: string;
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  const text = (Code ?? code ?? name ?? 'unknown error').slice(0, 60);
  return status === undefined ? { code: text } : { status, code: text };
}

/**
 * Loads the SDK and makes the calls. Endpoint, region and keys come from the SDK's own environment.
 * @param style - how the bucket is named: in the path, or in the host; default: in the path of an endpoint that `AWS_ENDPOINT_URL` or
 *   `AWS_ENDPOINT_URL_S3` gives
 * @throws {StoreError} if the package is not installed
 */
export async function loadS3(
  bucket: string,
  style: 'path' | 'virtual' | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
  { connectMs, answerMs }: Readonly<Record<keyof typeof s3Limits, number>> = s3Limits,
): Promise<S3Api> {
  const sdk: typeof S3 = await import('@aws-sdk/client-s3').catch((error: unknown) => {
    throw new StoreError('s3: needs a package that is not installed; run npm install @aws-sdk/client-s3', {
      cause: error,
    });
  });
  const hasEndpoint = Boolean(env.AWS_ENDPOINT_URL_S3?.trim() || env.AWS_ENDPOINT_URL?.trim());
  const hasRegion = Boolean(env.AWS_REGION?.trim() || env.AWS_DEFAULT_REGION?.trim());
  const client = new sdk.S3Client({
    forcePathStyle: style === undefined ? hasEndpoint : style === 'path',
    ...(hasEndpoint && !hasRegion ? { region: anyRegion } : {}),
    // Only the checksum that we send: others are no part of what all servers know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: answerMs,
      // Else the SDK only logs a warning, and a server that hangs holds the images' slots.
      throwOnRequestTimeout: true,
    },
  });

  const abortable = (signal?: AbortSignal) => (signal === undefined ? {} : { abortSignal: signal });
  const failed = (error: unknown, signal?: AbortSignal): S3Failure => {
    signal?.throwIfAborted();
    return failureOf(error);
  };

  return {
    async put({ key, bytes, sha256, contentType, ifAbsent }, signal) {
      const command = new sdk.PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: bytes,
        ContentLength: bytes.length,
        ContentType: contentType,
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        Metadata: { [hashName]: sha256 },
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      });
      // Signed as it is: the SDK would hash all bytes once more.
      command.middlewareStack.add(
        (next) => async (args) => {
          (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
          return await next(args);
        },
        { step: 'build', name: 'knownPayloadHash' },
      );
      try {
        await client.send(command, abortable(signal));
        return undefined;
      } catch (error) {
        return failed(error, signal);
      }
    },
    async head(key, signal) {
      const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' });
      try {
        const { ContentLength = -1, ChecksumSHA256, Metadata } = await client.send(command, abortable(signal));
        const sha256 =
          ChecksumSHA256 === undefined ? Metadata?.[hashName] : Buffer.from(ChecksumSHA256, 'base64').toString('hex');
        return sha256 === undefined ? { bytes: ContentLength } : { bytes: ContentLength, sha256 };
      } catch (error) {
        return failed(error, signal);
      }
    },
    async remove(key) {
      try {
        await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }));
        return undefined;
      } catch (error) {
        return failureOf(error);
      }
    },
    close: () => client.destroy(),
  };
}
