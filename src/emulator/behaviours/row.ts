/** A row of the behaviours' table, and builders for rows. Pure. */
import type { GatewayError } from '../bodies.js';
import type { HttpAnswer, Step, TaskView, WireMode } from '../step.js';

/** One behaviour. */
export interface Behaviour {
  /** One line, for `--list-behaviours` and the documents. */
  readonly description: string;
  readonly basis: 'documented' | 'guess' | 'fault';
  readonly steps: readonly Step[];
}

/** The source of a row. */
type Basis = Behaviour['basis'];
/** The limit of one query. */
export const once = { polls: 1 } as const;

const described = (description: string, step: Step): string =>
  step.polls === 1 ? `${description}; once` : description;

/** A transport fault. */
export const wire = (mode: WireMode, description: string, changes: Step = {}): Behaviour => ({
  description: `${description}; once`,
  basis: 'fault',
  steps: [{ ...once, wire: mode, ...changes }],
});

/** An HTTP answer in place of the vendor's JSON. */
export const http = (answer: HttpAnswer, description: string, limit: Step = once): Behaviour => ({
  description: described(description, limit),
  basis: 'fault',
  steps: [{ ...limit, http: answer }],
});

/** A refusal by the gateway. */
export const gateway = (error: GatewayError, description: string, basis: Basis, changes: Step = {}): Behaviour => ({
  description: described(description, changes),
  basis,
  steps: [{ ...changes, gateway: error }],
});

/** A refusal by the service. */
export const service = (
  resCode: string,
  resMessage: string,
  description: string,
  basis: Basis,
  changes: Step = {},
): Behaviour => ({
  description: described(description, changes),
  basis,
  steps: [{ ...changes, service: { success: false, resCode, resMessage } }],
});

/** Several steps. */
export const sequence = (description: string, ...steps: readonly Step[]): Behaviour => ({
  description,
  basis: 'guess',
  steps,
});

/** Another view of the task. */
export const task = (view: TaskView, description: string, basis: Basis = 'guess', changes: Step = {}): Behaviour => ({
  description,
  basis,
  steps: [{ ...changes, task: view }],
});
