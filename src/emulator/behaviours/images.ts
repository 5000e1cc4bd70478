/** Behaviours of image downloads: the task is finished, and its images cannot simply be had. Data. */
import { type DownloadMode, downloadModes } from '../downloads.js';
import { type Behaviour, task } from './row.js';

type Name = `image-${DownloadMode}`;

const rowOf = (download: DownloadMode): Behaviour =>
  task({ state: 'finished', download }, `finished, ${downloadModes[download]}`, 'fault');

/** By name. */
export const imageBehaviours = Object.fromEntries(
  Object.keys(downloadModes).map((mode) => [`image-${mode}`, rowOf(mode as DownloadMode)]),
) as Readonly<Record<Name, Behaviour>>;
