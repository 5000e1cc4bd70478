import { expect, test } from 'vitest';
import { isClone, startCommands } from '../../src/client/next-commands.js';

test('only a clone names its scripts', () => {
  expect(isClone('file:///clone/src/client/next-commands.ts')).toBe(true);
  expect(isClone('file:///app/node_modules/temporal-tryon/dist/client/next-commands.js')).toBe(false);
  expect(Object.values(startCommands(true)).filter((command) => command.startsWith('npx'))).toEqual([]);
  expect(Object.values(startCommands(false)).filter((command) => /npm run|src\//.test(command))).toEqual([]);
});
