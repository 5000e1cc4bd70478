/** Tests that start workers take bundles of workflows that were made before. */
import { shareBundles } from './bundles.js';

shareBundles();
