/** The developer's own settings must not reach a test: neither a real server nor a real key. */
const kept = ['TRYON_CACHE_DIR', 'TRYON_DEV_SERVER', 'TRYON_SCREENSHOTS'];
for (const name of Object.keys(process.env)) {
  if (/^(TEMPORAL|AIDGE|TRYON)_/.test(name) && !kept.includes(name)) delete process.env[name];
}
// A file that is not there counts as no file; an empty one makes the SDK's reader throw a TypeError (1.24.0).
process.env.TEMPORAL_CONFIG_FILE = '/nonexistent/temporal.toml';
