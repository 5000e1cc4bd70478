/** All vendor APIs, by name. Safe in the workflow sandbox. */
import type { ApiName, VendorName } from '../contract.js';
import { aidge2026Api } from './aidge/aidge-2026.js';
import { tryOnApi, tryOnProApi } from './aidge/tryon.js';
import { dashScopeApi } from './dashscope/dashscope.js';
import type { ApiDescriptor } from './descriptor.js';
import { falApi } from './fal/fal.js';
import { fashnApi } from './fashn/fashn.js';

const apis: Readonly<Record<ApiName, ApiDescriptor>> = {
  tryon: tryOnApi,
  'tryon-pro': tryOnProApi,
  'aidge-2026': aidge2026Api,
  dashscope: dashScopeApi,
  fashn: fashnApi,
  fal: falApi,
};

/** Every descriptor, the default one first. */
export const allApis: readonly ApiDescriptor[] = Object.values(apis);

/** The descriptors of a vendor, the usual one first. */
export const apisOf = (vendor: VendorName): readonly ApiDescriptor[] => allApis.filter((api) => api.vendor === vendor);

/** The descriptor of an API. A name that this version does not know is taken for the default one. */
export const apiOf = (name: string = 'tryon'): ApiDescriptor =>
  Object.hasOwn(apis, name) ? apis[name as ApiName] : tryOnApi;
