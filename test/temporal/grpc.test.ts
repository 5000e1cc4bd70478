import { ServiceError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { grpcCode, grpcStatus } from '../../src/temporal/grpc.js';
import { quoted } from '../../src/temporal/visibility.js';

test('the status code of an answer is found in the error or its cause', () => {
  const answer = Object.assign(new Error('5 NOT_FOUND'), { code: 5 });
  expect(grpcCode(answer)).toBe(grpcStatus.notFound);
  expect(grpcCode(new ServiceError('Failed to describe', { cause: answer }))).toBe(grpcStatus.notFound);
});

test('an error that is no answer of gRPC has no status code', () => {
  expect(grpcCode(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))).toBeUndefined();
  expect(grpcCode(undefined)).toBeUndefined();
});

test('a text becomes one literal of a visibility query', () => {
  expect(quoted(`it's a \\ b`)).toBe(`'it\\'s a \\\\ b'`);
});
