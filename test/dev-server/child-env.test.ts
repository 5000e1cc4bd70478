import { expect, test } from 'vitest';
import { childEnv } from '../../src/dev-server/child-env.js';

const secrets = {
  AIDGE_APP_SECRET: 's',
  DASHSCOPE_API_KEY: 's',
  TRYON_CODEC_KEYS: 's',
  TEMPORAL_API_KEY: 's',
  AWS_SECRET_ACCESS_KEY: 's',
  GOOGLE_APPLICATION_CREDENTIALS: 's',
  GIT_TOKEN: 's',
  NODE_AUTH_TOKEN: 's',
  npm_config_token: 's',
  LC_SECRET_2: 's',
};
const system = {
  PATH: '/bin',
  HOME: '/root',
  LC_ALL: 'C',
  TMPDIR: '/tmp',
  Path: 'C:\\Windows',
  SYSTEMROOT: 'C:\\Windows',
};
const ofGo = { GOPROXY: 'https://proxy.example', GOFLAGS: '-v', https_proxy: 'http://127.0.0.1:3128' };
const ofNode = { NODE_OPTIONS: '--no-warnings', NODE_EXTRA_CA_CERTS: '/ca.pem' };

test.each([
  ['program', {}],
  ['go', ofGo],
  ['node', ofNode],
] as const)('a child gets what it needs as a %s, and no key', (kind, own) => {
  expect(childEnv({ ...secrets, ...system, ...ofGo, ...ofNode }, kind)).toEqual({ ...system, ...own });
});
