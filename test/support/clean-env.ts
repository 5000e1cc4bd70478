/** The developer's own settings must not reach a test: neither a real server nor a real key. */
import { devNull } from 'node:os';

for (const name of Object.keys(process.env)) {
  if (/^(TEMPORAL|AIDGE|TRYON)_/.test(name) && name !== 'TRYON_CACHE_DIR') delete process.env[name];
}
process.env.TEMPORAL_CONFIG_FILE = devNull;
