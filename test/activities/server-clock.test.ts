import { describe, expect, test } from 'vitest';
import { createServerClock } from '../../src/activities/server-clock.js';

const serverMs = Date.parse('2026-01-31T12:00:00Z');

describe('the server clock', () => {
  test('is as far as the latest time that the server has surely passed', () => {
    let elapsedMs = 0;
    const clock = createServerClock(() => elapsedMs);
    clock.observe(serverMs - 300);
    elapsedMs = 1_000;
    clock.observe(serverMs + 990);
    expect(clock.now()).toBe(serverMs + 990);
    elapsedMs = 5_000;
    expect(clock.now()).toBe(serverMs + 4_990);
  });

  test('is not put forward by a retry that came before its time', () => {
    let elapsedMs = 0;
    const clock = createServerClock(() => elapsedMs);
    clock.observe(serverMs);
    elapsedMs = 1_000;
    clock.observe(serverMs + 3_800, false);
    expect(clock.now()).toBe(serverMs + 1_000);
  });

  test('goes by retries where there is nothing better', () => {
    const clock = createServerClock(() => 50);
    clock.observe(serverMs, false);
    expect(clock.now()).toBe(serverMs);
  });

  test('forgets after a thousand times, since clocks drift apart', () => {
    const clock = createServerClock(() => 0);
    clock.observe(serverMs + 100);
    for (let k = 0; k < 1_000; k++) clock.observe(serverMs);
    expect(clock.now()).toBe(serverMs);
  });
});
