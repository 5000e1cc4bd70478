import type { Run } from '../program.js';
export const run: Run = async () => 1;
