/** An S3 server on the loopback interface, for tests that end it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { endWithThisProcess, freePort } from '../../src/dev-server/temporal-server.js';
import { seaweedfs } from './python.js';
import { until } from './until.js';

/** See {@link startS3}. */
export interface S3Server {
  readonly bucket: string;
  /** Of the process that was started last. */
  readonly pid: number;
  /** Of its data. */
  readonly folder: string;
  /** The AWS SDK's environment for it. */
  readonly env: Readonly<Record<string, string>>;
  readonly client: S3Client;
  /** All keys of the bucket. */
  keys(): Promise<string[]>;
  read(key: string): Promise<Buffer>;
  /** Uploads of parts that were begun and not completed. */
  openUploads(): Promise<number>;
  /** Kills it with SIGKILL; its data stay. */
  kill(): Promise<void>;
  /** Starts it again; resolves once it serves. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const keyPair = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' };

/** Starts SeaweedFS with one bucket. */
export async function startS3(): Promise<S3Server> {
  const program = await seaweedfs();
  const folder = await mkdtemp(join(tmpdir(), 'tryon-s3-'));
  const config = join(folder, 's3.json');
  const credentials = [{ accessKey: keyPair.accessKeyId, secretKey: keyPair.secretAccessKey }];
  await writeFile(config, JSON.stringify({ identities: [{ name: 'test', credentials, actions: ['Admin'] }] }));
  const names = ['master', 'volume', 'filer', 's3'];
  const ports = new Map<string, number>();
  for (const name of names.flatMap((one) => [`${one}.port`, `${one}.port.grpc`])) ports.set(name, await freePort());
  const endpoint = `http://127.0.0.1:${ports.get('s3.port')}`;
  const bucket = 'shop';
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: keyPair,
    maxAttempts: 1,
  });
  const args = [
    ...['server', `-dir=${folder}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-filer', '-s3', `-s3.config=${config}`],
    ...['-master.volumeSizeLimitMB=64', '-volume.max=200', '-volume.minFreeSpace=1'],
    // Nothing leaves this machine, and no port is one that another server may have.
    ...['-master.telemetry=false', '-s3.port.iceberg=0', '-s3.port.lance=0'],
    ...[...ports].map(([name, port]) => `-${name}=${port}`),
  ];
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    child = spawn(program, args, { stdio: 'ignore', cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
    // It takes more than ten seconds to end by SIGTERM.
    const unwatch = endWithThisProcess(child, 'KILL');
    child.once('exit', unwatch);
    const put = () => client.send(new CreateBucketCommand({ Bucket: bucket }));
    const isUp = until(() =>
      put().then(
        () => true,
        (error: Error) => /^Bucket/.test(error.name),
      ),
    );
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`SeaweedFS ended with ${code} before it served`);
    });
    await Promise.race([isUp, ended]);
    ended.catch(() => undefined);
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };

  try {
    await start();
  } catch (error) {
    await kill();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    bucket,
    folder,
    client,
    get pid() {
      return child?.pid ?? 0;
    },
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: keyPair.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keyPair.secretAccessKey,
    },
    async keys() {
      const keys: string[] = [];
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket })) {
        keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
      }
      return keys;
    },
    async read(key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    async openUploads() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.length;
    },
    kill,
    restart: start,
    async stop() {
      client.destroy();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
