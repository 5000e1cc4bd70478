/** What comes with an installation of this package, read from the lock file; and what `npm audit` says of it. Pure. */

/** A package as the lock file has it. */
export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** `packages` of `package-lock.json`, by place. */
export type Lock = Readonly<Record<string, LockedPackage>>;

/** A package that runs in production. */
export interface Installed {
  readonly name: string;
  readonly at: string;
  readonly licence: string;
  readonly runsInstallScript: boolean;
}

/** Licences that ask for no more than their text and names: what we let in without a question. */
export const allowedLicences: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
];

/** Packages whose manifest names no licence, by the licence file that they ship. */
export const licencesByFile: Readonly<Record<string, string>> = { unionfs: 'Unlicense' };

/** Whether a licence text such as `(MIT OR GPL-3.0)` or `Apache-2.0 AND MIT` is allowed: of `OR` one side, of `AND` both. */
export function isAllowed(licence: string): boolean {
  const bare = licence.replace(/[()]/g, '').trim();
  if (/ OR /.test(bare)) return bare.split(' OR ').some(isAllowed);
  if (/ AND /.test(bare)) return bare.split(' AND ').every(isAllowed);
  return allowedLicences.includes(bare);
}

/** Packages with another licence that were let in, by the start of their name. */
const letIn: Readonly<Record<string, string>> = {
  // libvips, linked dynamically. It comes only with the optional package sharp, which users of TRYON_RENDITIONS install themselves.
  '@img/sharp-': 'LGPL-3.0-or-later',
};

/** Whether a package may come in: by its licence, or because it was let in with that one. */
export function mayComeIn({ name, licence }: Pick<Installed, 'name' | 'licence'>): boolean {
  const [, exception] = Object.entries(letIn).find(([start]) => name.startsWith(start)) ?? [];
  return licence.split(' AND ').every((one) => isAllowed(one) || one === exception);
}

/** Where Node.js finds a package for whoever stands at a place: the nearest `node_modules` upwards. */
function placeOf(lock: Lock, from: string, name: string): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))) {
    const at = base === '' ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    if (Object.hasOwn(lock, at)) return at;
    if (base === '') return undefined;
  }
}

/** What a package cannot do without, and what it takes where it can: peers that are optional are left to the user. */
function needsOf(one: LockedPackage, isRoot: boolean): string[] {
  const peers = Object.keys(one.peerDependencies ?? {}).filter(
    (name) => isRoot || one.peerDependenciesMeta?.[name]?.optional !== true,
  );
  return [...Object.keys(one.dependencies ?? {}), ...Object.keys(one.optionalDependencies ?? {}), ...peers];
}

/** Every package that an installation with all peers brings along, by name; a name in two versions is told twice. */
export function installedOf(lock: Lock): readonly Installed[] {
  const found = new Map<string, Installed>();
  const visit = (at: string): void => {
    const one = lock[at] ?? {};
    for (const name of needsOf(one, at === '')) {
      const place = placeOf(lock, at, name);
      if (place === undefined || found.has(place)) continue;
      const { license = licencesByFile[name] ?? 'unknown', hasInstallScript = false } = lock[place] ?? {};
      found.set(place, { name, at: place, licence: license, runsInstallScript: hasInstallScript });
      visit(place);
    }
  };
  visit('');
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** `docs/licences.md`. */
export function licencesPage(installed: readonly Installed[]): string {
  const byLicence = new Map<string, Set<string>>();
  for (const { name, licence } of installed) byLicence.set(licence, (byLicence.get(licence) ?? new Set()).add(name));
  const rows = [...byLicence]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([licence, names]) => `| ${licence} | ${names.size} | ${[...names].sort().join(', ')} |`);
  return [
    '# Licences of all dependencies',
    '',
    'This package is under Apache-2.0. With all of its peer dependencies, it installs the packages below; the versions are in',
    '`package-lock.json`. `node --import tsx scripts/generate-licences.ts` generates this page. A test compares it with the lock file,',
    'and refuses a licence that is not on the list in `scripts/supply-chain.ts`.',
    '',
    '| licence | packages | |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** One advisory that `npm audit` names. */
export interface Finding {
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  readonly title: string;
}

/** What an audit came to; `unknown`: the registry gave no answer, which is no pass. */
export type Audit =
  | { readonly kind: 'known'; readonly findings: readonly Finding[] }
  | { readonly kind: 'unknown'; readonly why: string };

interface AuditReport {
  readonly auditReportVersion?: number;
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<
      string,
      { readonly via: readonly (string | { url?: string; title?: string; severity?: string; name?: string })[] }
    >
  >;
}

/** Reads the output of `npm audit --json`. */
export function readAudit(output: string): Audit {
  let report: AuditReport;
  try {
    report = JSON.parse(output) as AuditReport;
  } catch {
    return { kind: 'unknown', why: 'npm audit gave no JSON' };
  }
  if (report.auditReportVersion === undefined)
    return { kind: 'unknown', why: report.message ?? 'npm audit gave no report' };
  const findings = new Map<string, Finding>();
  for (const [name, { via }] of Object.entries(report.vulnerabilities ?? {})) {
    for (const one of via) {
      // A text names the package that brings the finding along; it has a row of its own.
      if (typeof one === 'string') continue;
      const id = one.url?.split('/').at(-1) ?? 'unknown';
      findings.set(id, { id, package: one.name ?? name, severity: one.severity ?? 'unknown', title: one.title ?? '' });
    }
  }
  return { kind: 'known', findings: [...findings.values()] };
}

/** Findings that a page does not answer by their id. */
export const unanswered = (findings: readonly Finding[], page: string): readonly Finding[] =>
  findings.filter(({ id }) => !page.includes(id));
