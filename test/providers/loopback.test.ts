import { expect, test } from 'vitest';
import { isLoopbackHost } from '../../src/providers/loopback.js';

test.each(['localhost', 'a.localhost', '127.0.0.1', '127.255.0.9', '::1', '[::1]'])('%s is loopback', (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

test.each([
  '0.0.0.0',
  '::',
  '10.0.0.1',
  '127.0.0.1.example.com',
  '127.999.0.1',
  'localhost.example',
  '',
  'vendor.example',
])('"%s" is not', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
