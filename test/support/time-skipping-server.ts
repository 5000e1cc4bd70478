/**
 * Gets Temporal's time-skipping test server. The SDK would download a binary from GitHub; this takes the same server from Maven
 * Central first (`io.temporal:temporal-test-server`), since package registries are reached from more places.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheDir, lookUp, outputOf, TemporalServerError } from '../../src/dev-server/find-cli.js';

const version = '1.38.0';
const mavenPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath';

/** As `TestWorkflowEnvironment.createTimeSkipping({ server: { executable } })` takes it; plain JSON. */
export type ProvidedTestServer =
  | { type: 'existing-path'; path: string }
  | { type: 'cached-download'; downloadDir: string };

/** What {@link timeSkippingExecutable} may be given. */
export interface TimeSkippingOptions {
  env?: NodeJS.ProcessEnv;
  log?: (line: string) => void;
  /** Gets the SDK's own download into the directory given. Tests replace it. */
  download?: (downloadDir: string) => Promise<void>;
}

/**
 * Finds or gets the server: the jars that Maven resolves behind a small script, else the SDK's own download.
 * @throws TemporalServerError, one line with the remedy, when neither works
 */
export async function timeSkippingExecutable(options: TimeSkippingOptions = {}): Promise<ProvidedTestServer> {
  const { env = process.env, log = () => {}, download = downloadBySdk } = options;
  const dir = join(cacheDir(env), `test-server-${version}`);
  await mkdir(dir, { recursive: true });
  const failures: string[] = [];
  try {
    return { type: 'existing-path', path: await scriptFromMaven(dir, env, log) };
  } catch (error) {
    failures.push((error as Error).message);
  }
  try {
    await download(dir);
    return { type: 'cached-download', downloadDir: dir };
  } catch (error) {
    failures.push(`download: ${(error as Error).message.split('\n', 1)[0]}`);
  }
  throw new TemporalServerError(
    'no time-skipping test server: install a JDK and Maven (Debian: apt-get install default-jre-headless maven) or give ' +
      `access to temporal.download; tried: ${failures.join('; ')}`,
  );
}

async function scriptFromMaven(dir: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const [java, mvn] = await Promise.all([lookUp('java', env), lookUp('mvn', env)]);
  if (java === undefined) throw new Error('no java on PATH');
  const [script, classpathFile, pom] = [join(dir, 'run.sh'), join(dir, 'classpath.txt'), join(dir, 'pom.xml')];

  let classpath = await readFile(classpathFile, 'utf8').catch(() => '');
  if (classpath === '' || !classpath.split(':').every((jar) => existsSync(jar))) {
    if (mvn === undefined) throw new Error('no mvn on PATH');
    log(`resolving io.temporal:temporal-test-server:${version} with Maven`);
    await writeFile(pom, pomText);
    // The jar is thin, so the whole class path is asked for.
    await outputOf(mvn, ['-q', '-B', '-f', pom, mavenPlugin, `-Dmdep.outputFile=${classpathFile}`], env);
    classpath = await readFile(classpathFile, 'utf8');
  }
  // `exec`: the SDK ends the process that it started, and no other. It also gives the server 5 s to come up.
  const main = 'io.temporal.testserver.TestServer';
  const flags = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
  await writeFile(script, `#!/bin/sh\nexec "${java}" ${flags} -cp "${classpath.trim()}" ${main} "$@"\n`);
  await chmod(script, 0o755);
  return script;
}

async function downloadBySdk(downloadDir: string): Promise<void> {
  const executable = { type: 'cached-download', downloadDir } as const;
  const started = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await started.teardown();
}

const pomText = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>test-server-classpath</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
