/** Emulators that close after the test that started them. */
import { afterEach } from 'vitest';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/testing.js';

/** Call at the top of a test file. Returns a function that starts an emulator. */
export function useEmulators(): (options?: EmulatorOptions) => Promise<Emulator> {
  const open: Emulator[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((emulator) => emulator.close()));
  });
  return async (options) => {
    const emulator = await startEmulator(options);
    open.push(emulator);
    return emulator;
  };
}
