/** What a row of the behaviours' table is, and short ways to write one. Pure. */
import type { GatewayError } from '../bodies.js';
import type { HttpAnswer, Step, TaskView } from '../step.js';

/** One row. */
export interface Behaviour {
  /** One line, for `--help` and the documents. */
  readonly description: string;
  readonly basis: 'documented' | 'guess' | 'fault';
  readonly steps: readonly Step[];
}

/** What a row rests on. */
export type Basis = Behaviour['basis'];
/** For one query. */
export const once = { polls: 1 } as const;

/** A fault of transport. */
export const wire = (mode: NonNullable<Step['wire']>, description: string, more: Step = {}): Behaviour => ({
  description: `${description}; once`,
  basis: 'fault',
  steps: [{ ...once, wire: mode, ...more }],
});
/** An HTTP answer that is not the vendor's JSON. */
export const http = (answer: HttpAnswer, description: string, limit: Step = once): Behaviour => ({
  description: limit.polls === 1 ? `${description}; once` : description,
  basis: 'fault',
  steps: [{ ...limit, http: answer }],
});
/** A refusal by the gateway. */
export const gateway = (error: GatewayError, description: string, basis: Basis, more: Step = {}): Behaviour => ({
  description: more.polls === 1 ? `${description}; once` : description,
  basis,
  steps: [{ ...more, gateway: error }],
});
/** A refusal by the service. */
export const service = (
  resCode: string,
  resMessage: string,
  description: string,
  basis: Basis,
  more: Step = {},
): Behaviour => ({
  description: more.polls === 1 ? `${description}; once` : description,
  basis,
  steps: [{ ...more, service: { success: false, resCode, resMessage } }],
});
/** Another sight of the task. */
export const task = (view: TaskView, description: string, basis: Basis = 'guess', more: Step = {}): Behaviour => ({
  description,
  basis,
  steps: [{ ...more, task: view }],
});
