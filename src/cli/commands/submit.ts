/** `temporal-tryon submit --request <file.json>`. */
import { describeError } from '../../client/errors.js';
import { defaults } from '../../contract.js';
import { readAccounts } from '../../providers/accounts.js';
import { createVendorClient, type SubmitResult } from '../../providers/client.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { readRequest } from '../read-request.js';

const maybeSubmitted = 'maybe submitted, and billed: search for the task at the vendor before you submit it again';

async function send(requestJson: string, account: string, api: string, context: Context): Promise<SubmitResult> {
  const { accounts, problems } = readAccounts(context.env);
  if (!accounts.some(({ name }) => name === account)) {
    throw new CliError(
      problems.length > 0 ? problems.join('; ') : `no account ${account} is set; set its AIDGE_..._APP_KEY`,
    );
  }
  const vendor = createVendorClient({ accounts });
  try {
    return await vendor.submit({ account, requestJson, api, signal: context.signal });
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
  const result = await send(await readRequest(request), account, pro ? 'tryon-pro' : 'tryon', context);
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
