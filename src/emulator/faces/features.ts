/** What a step asks of a reply, by name, and which of it a face cannot express. Pure. */
import type { Step } from '../step.js';
import { type Meaning, meaningOf } from './meaning.js';

/** A part of a step that not every vendor's shape has. */
export type Feature =
  | `error ${Meaning}`
  | 'status of a sub-task'
  | 'progress of sub-tasks'
  | 'failed sub-task'
  | 'missing data'
  | 'spelling of resCode'
  | 'bare envelope'
  | 'types of scalars'
  | 'request ids'
  | 'shape json-text'
  | 'shape struct-data'
  | 'shape url'
  | 'shape data-text'
  | 'finished and refused';

/**
 * How a face deals with a feature that its shape lacks. `refused`: a script with it is refused, with this reason. `nearest`: what the
 * answer has in its place.
 */
export type Limits = Readonly<Partial<Record<Feature, { readonly refused: string } | { readonly nearest: string }>>>;

/** What no vendor with API keys has. */
export const apiKeyLimits = {
  'error signature': { refused: 'a call with an API key has no signature' },
  'error time': { refused: 'a call with an API key has no timestamp' },
  'spelling of resCode': { refused: 'there is no resCode' },
  'types of scalars': { nearest: 'the normal answer' },
  'shape struct-data': { refused: 'it is a shape of Aidge' },
} as const satisfies Limits;

/** The features of a step that some vendor lacks. */
export function featuresOf(step: Step): Feature[] {
  const { task = {}, envelope = {} } = step;
  const meaning = meaningOf(step);
  const found: (Feature | false | undefined)[] = [
    meaning !== undefined && `error ${meaning}`,
    task.subStatusWord !== undefined && task.statusWord === undefined && 'status of a sub-task',
    task.state === 'running' && task.finishedSubTasks !== undefined && 'progress of sub-tasks',
    task.state === 'partial' && 'failed sub-task',
    task.data !== undefined && 'missing data',
    envelope.resCodeKey !== undefined && 'spelling of resCode',
    envelope.bare && 'bare envelope',
    envelope.types !== undefined && 'types of scalars',
    envelope.numericIds && 'request ids',
    task.shape !== undefined && task.shape !== 'nested' && (`shape ${task.shape}` as const),
    step.service !== undefined && step.task !== undefined && 'finished and refused',
  ];
  return found.filter((feature): feature is Feature => Boolean(feature));
}

/**
 * Refuses steps that a face cannot express.
 * @param name - the face's, for the error
 * @throws RangeError that says which step's feature and why
 */
export function checkSteps(steps: readonly Step[], limits: Limits, name: string): void {
  for (const feature of steps.flatMap(featuresOf)) {
    const limit = limits[feature];
    if (limit !== undefined && 'refused' in limit) {
      throw new RangeError(`${name} cannot show "${feature}": ${limit.refused}`);
    }
  }
}
