/** Which versions of Temporal Server these workflows run on. */

/** The oldest version that they are tested with. */
export const minServerVersion = '1.29.0';

/** A released version. Builds of Temporal Cloud have a suffix such as `-119.2`, and follow a scheme of their own. */
const released = /^v?(\d+)\.(\d+)\.\d+(?:-(?:alpha|beta|rc)[.\d-]*)?$/;

/** Whether a version is one of a release, and so can be compared. Pure. */
export const isServerVersion = (version: string): boolean => released.test(version);

/**
 * Says that a server is too old. Pure.
 * @param version - `serverVersion` of `getSystemInfo`
 * @returns one line with the remedy; `undefined` for a version that is new enough, and for one that cannot be read
 */
export function serverVersionProblem(version: string | null | undefined): string | undefined {
  const [, major, minor] = released.exec(version ?? '') ?? [];
  const [minMajor = 0, minMinor = 0] = minServerVersion.split('.').map(Number);
  if (major === undefined || minor === undefined) return undefined;
  const isNewEnough = Number(major) > minMajor || (Number(major) === minMajor && Number(minor) >= minMinor);
  if (isNewEnough) return undefined;
  return `the Temporal server has version ${version}; upgrade it to ${minServerVersion} or later`;
}
