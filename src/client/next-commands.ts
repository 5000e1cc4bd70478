/** The commands that start the other parts: the scripts of a clone, or the program of an installed package. */

/** Whether this code runs from the source of a clone. An installed package has no scripts to call. */
export const isClone = (moduleUrl: string = import.meta.url): boolean => moduleUrl.endsWith('.ts');

/** Commands for a person to type. */
export interface StartCommands {
  readonly server: string;
  readonly emulator: string;
  readonly worker: string;
  /** Options may follow. */
  readonly demo: string;
  /** The program itself; a command follows. */
  readonly program: string;
}

const cloneCommands: StartCommands = {
  server: 'npm run server',
  emulator: 'npm run emulator',
  worker: 'npm run worker',
  demo: 'npm run demo --',
  program: 'node --import tsx src/cli/main.ts',
};

const packageCommands: StartCommands = {
  server: 'temporal server start-dev',
  emulator: 'npx temporal-tryon emulator',
  worker: 'npx temporal-tryon worker',
  demo: 'npx temporal-tryon demo',
  program: 'npx temporal-tryon',
};

/** The commands that work here. */
export const startCommands = (isFromSource: boolean = isClone()): StartCommands =>
  isFromSource ? cloneCommands : packageCommands;
