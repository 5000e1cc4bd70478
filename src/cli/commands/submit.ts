/** `temporal-tryon submit --request <file.json>`. */
import { describeError } from '../../client/errors.js';
import { type ApiName, accountFor, apiVendors, unnamedAccounts } from '../../contract.js';
import { readAccounts } from '../../providers/accounts.js';
import { createVendorClient, type SubmitResult, UnknownApiError, WrongVendorError } from '../../providers/client.js';
import { vendors } from '../../providers/vendors.js';
import type { Context, Run } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { apiOption, readRequest } from '../read-request.js';

const maybeSubmitted = 'maybe submitted, and billed: search for the task at the vendor before you submit it again';

const isTryOn = (api: ApiName): boolean => api === 'tryon' || api === 'tryon-pro';

/** The variable of an account's key. */
function keyVariable(account: string, api: ApiName): string {
  const { prefix, credentials } = vendors[apiVendors[api]];
  const isUnnamed = account === unnamedAccounts[apiVendors[api]];
  return `${prefix}${isUnnamed ? '' : '..._'}${credentials[0]?.variables[0] ?? ''}`;
}

async function send(requestJson: string, account: string, api: ApiName, context: Context): Promise<SubmitResult> {
  const { accounts, problems } = readAccounts(context.env);
  if (!accounts.some(({ name }) => name === account)) {
    throw new CliError(
      problems.length > 0 ? problems.join('; ') : `no account ${account} is set; set its ${keyVariable(account, api)}`,
    );
  }
  const vendor = createVendorClient({ accounts });
  try {
    return await vendor.submit({ account, requestJson, api, signal: context.signal });
  } catch (error) {
    if (error instanceof WrongVendorError || error instanceof UnknownApiError)
      throw new CliError(error.message, exitCodes.usage);
    if (context.signal.aborted) context.output.note(maybeSubmitted);
    throw error;
  } finally {
    await vendor.close();
  }
}

export const run: Run<'submit'> = async ({ options }, context) => {
  const api = apiOption(options) ?? 'tryon';
  const account = accountFor({ account: options.account, api });
  const { output } = context;
  const result = await send(await readRequest(options.request), account, api, context);
  const acceptedAt = new Date().toISOString();
  output.data(result, result.kind === 'accepted' ? [result.taskId] : []);
  if (result.kind === 'accepted') {
    const isUnnamed = account === unnamedAccounts[apiVendors[api]];
    // Tasks of the older calls are queried alike.
    const more = [...(isTryOn(api) ? [] : [`--api ${api}`]), ...(isUnnamed ? [] : [`--account ${account}`])];
    output.note(
      `next: temporal-tryon wait ${result.taskId} --submitted-at ${acceptedAt}${more.map((one) => ` ${one}`).join('')}`,
    );
    return exitCodes.done;
  }
  const reason = describeError(result.error, api);
  if (result.kind === 'maybe') throw new CliError(`${maybeSubmitted} (${reason})`);
  throw new CliError(`not submitted: ${reason}${result.retrySafe ? '; you can send the same request again' : ''}`);
};
