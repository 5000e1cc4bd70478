/** How a person starts the other parts: by the scripts of a clone, or by what an installed package offers. */

/** Whether this is a clone that runs from its source. An installed package has no scripts of its own to call. */
export const isClone = (moduleUrl: string = import.meta.url): boolean => moduleUrl.endsWith('.ts');

/** Commands to type, for hints. */
export interface StartCommands {
  readonly server: string;
  readonly emulator: string;
  readonly worker: string;
  /** To be followed by options. */
  readonly demo: string;
  /** The program itself, to be followed by a command. */
  readonly program: string;
}

const ofClone: StartCommands = {
  server: 'npm run server',
  emulator: 'npm run emulator',
  worker: 'npm run worker',
  demo: 'npm run demo --',
  program: 'node --import tsx src/cli/main.ts',
};

const ofPackage: StartCommands = {
  server: 'temporal server start-dev',
  emulator: 'npx temporal-tryon emulator',
  worker: 'npx temporal-tryon worker',
  demo: 'npx temporal-tryon demo',
  program: 'npx temporal-tryon',
};

/** The commands that are there for whoever runs this. */
export const startCommands = (isFromSource: boolean = isClone()): StartCommands => (isFromSource ? ofClone : ofPackage);
