/** `temporal-tryon submit --request <file.json>`. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { describeError } from '../../client/errors.js';
import { defaults } from '../../contract.js';
import { readAccounts } from '../../providers/accounts.js';
import { createVendorClient, type SubmitResult } from '../../providers/client.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes } from '../exit.js';

/** The JSON text of a request, as it is in the file: numbers keep their digits. */
async function readRequest(file: string): Promise<string> {
  const name = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = file === '-' ? await textOf(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(`${name} cannot be read (${code}); give a JSON file with --request`, exitCodes.usage);
  }
  try {
    const json = text.replace(/^\ufeff/, '').trim();
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return json;
  } catch {
    // The error below is for all texts that are not a request.
  }
  throw new CliError(`${name} is not the JSON of an object or a list of objects; correct it`, exitCodes.usage);
}

const maybeSubmitted = 'maybe submitted, and billed: search for the task at the vendor before you submit it again';

async function send(requestJson: string, account: string, pro: boolean, context: Context): Promise<SubmitResult> {
  const { accounts, problems } = readAccounts(context.env);
  if (!accounts.some(({ name }) => name === account)) {
    throw new CliError(
      problems.length > 0 ? problems.join('; ') : `no account ${account} is set; set its AIDGE_..._APP_KEY`,
    );
  }
  const vendor = createVendorClient({ accounts });
  try {
    return await vendor.submit({ account, requestJson, pro, signal: context.signal });
  } catch (error) {
    if (context.signal.aborted) context.output.note(maybeSubmitted);
    throw error;
  } finally {
    await vendor.close();
  }
}

export const run: Run<'submit'> = async ({ options }, context) => {
  const { request, account = defaults.account, pro = false } = options;
  const { output } = context;
  const result = await send(await readRequest(request), account, pro, context);
  const acceptedAt = new Date().toISOString();
  output.data(result, result.kind === 'accepted' ? [result.taskId] : []);
  if (result.kind === 'accepted') {
    const more = account === defaults.account ? '' : ` --account ${account}`;
    output.note(`next: temporal-tryon wait ${result.taskId} --submitted-at ${acceptedAt}${more}`);
    return exitCodes.done;
  }
  const reason = describeError(result.error);
  if (result.kind === 'maybe') throw new CliError(`${maybeSubmitted} (${reason})`);
  throw new CliError(`not submitted: ${reason}${result.retrySafe ? '; you can send the same request again' : ''}`);
};
