/** Environments of child processes: only what they need. A child cannot leak a key that it does not have. Pure. */

/** What any program needs, on any system. */
const system =
  'PATH HOME USER LOGNAME SHELL LANG TZ TMPDIR TMP TEMP TERM PWD XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR ' +
  'SystemRoot SystemDrive windir ComSpec PATHEXT USERPROFILE APPDATA LOCALAPPDATA ProgramData';
/** What `go install` reads, with the proxies and certificates on its way. */
const go =
  'GOROOT GOPATH GOBIN GOENV GOCACHE GOMODCACHE GOTMPDIR GOFLAGS GOPROXY GOPRIVATE GONOPROXY GOSUMDB GONOSUMDB GOINSECURE GOTOOLCHAIN ' +
  'GOMAXPROCS GOMEMLIMIT HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR';
/** What changes how Node.js runs. */
const node =
  'NODE_OPTIONS NODE_ENV NODE_PATH NODE_DEBUG NODE_NO_WARNINGS NODE_EXTRA_CA_CERTS NODE_COMPILE_CACHE NODE_V8_COVERAGE ' +
  'TSX_TSCONFIG_PATH';

const namesIn = (...lists: readonly string[]): ReadonlySet<string> =>
  new Set(lists.flatMap((list) => list.toUpperCase().split(' ')));

const needed = { program: namesIn(system), go: namesIn(system, go), node: namesIn(system, node) } as const;

/**
 * The part of an environment that a child needs.
 * @param kind - `program`: nothing but the system's own; `go`: also what the Go tool reads; `node`: also what Node.js reads
 */
export function childEnv(env: NodeJS.ProcessEnv, kind: keyof typeof needed): NodeJS.ProcessEnv {
  // Some systems, and some names of proxies, do not tell upper from lower case.
  const isNeeded = (name: string): boolean => needed[kind].has(name.toUpperCase()) || /^LC_[A-Z]+$/.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => isNeeded(name)));
}
