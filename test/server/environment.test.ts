import { Connection } from '@temporalio/client';
import { expect, inject, test } from 'vitest';
import { searchAttributes } from '../../src/contract.js';

test.each(['namespace', 'otherNamespace'] as const)(
  'the dev server has the search attributes in its %s',
  async (which) => {
    const { address, [which]: namespace } = inject('temporal');
    const connection = await Connection.connect({ address });
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      expect(Object.keys(customAttributes)).toEqual(
        expect.arrayContaining(Object.values(searchAttributes).map(({ name }) => name)),
      );
    } finally {
      await connection.close();
    }
  },
);
