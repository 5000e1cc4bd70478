/** `temporal-tryon submit --request <file.json>`. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { describeError } from '../../client/errors.js';
import { defaults } from '../../contract.js';
import { readAccounts } from '../../providers/accounts.js';
import { createVendorClient, type SubmitResult } from '../../providers/client.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import type { OptionsOf } from '../options.js';
import { plain } from '../output.js';

async function readRequest(file: string): Promise<unknown> {
  const name = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = file === '-' ? await textOf(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(
      `${name} cannot be read (${(error as NodeJS.ErrnoException).code}); give a JSON file with --request`,
      exitCodes.usage,
    );
  }
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below, as any other text that is no request.
  }
  throw new CliError(`${name} is not the JSON of an object or a list of objects; correct it`, exitCodes.usage);
}

const maybe = 'maybe submitted, and billed: poll for the task at the vendor before you submit it again';

async function send(
  request: unknown,
  { account = defaults.account, pro = false }: OptionsOf<'submit'>,
  context: Context,
): Promise<SubmitResult> {
  const { accounts, problems } = readAccounts(context.env);
  if (!accounts.some(({ name }) => name === account)) {
    throw new CliError(
      problems.length > 0 ? problems.join('; ') : `no account ${account} is set; set its AIDGE_..._APP_KEY`,
    );
  }
  const vendor = createVendorClient({ accounts });
  try {
    return await vendor.submit({ account, request, pro, signal: context.signal });
  } catch (error) {
    if (context.signal.aborted) context.output.note(maybe);
    throw error;
  } finally {
    await vendor.close();
  }
}

export const run: Run<'submit'> = async ({ options }, context) => {
  const { output } = context;
  const result = await send(await readRequest(options.request), options, context);
  const acceptedAt = new Date();
  output.json(result);
  if (result.kind === 'accepted') {
    if (!output.isJson) output.line(plain(result.taskId));
    const { account } = options;
    const of = account === undefined || account === defaults.account ? '' : ` --account ${account}`;
    output.note(`next: temporal-tryon wait ${plain(result.taskId)} --submitted-at ${acceptedAt.toISOString()}${of}`);
    return exitCodes.done;
  }
  const why = plain(describeError(result.error));
  if (result.kind === 'maybe') throw new CliError(`${maybe} (${why})`);
  throw new CliError(`not submitted: ${why}${result.retrySafe ? '; the same request may be sent again' : ''}`);
};
