import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Announcer } from "./announcer.svelte";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("speaks once in three seconds, and then the last of what was to say", () => {
  const announcer = new Announcer();
  announcer.say("1 problem");
  announcer.say("2 problems");
  announcer.say("3 problems");
  expect(announcer.polite).toBe("1 problem");
  vi.advanceTimersByTime(2999);
  expect(announcer.polite).toBe("1 problem");
  vi.advanceTimersByTime(1);
  expect(announcer.polite).toBe("3 problems");
});

it("says failures at once, and the same one again", () => {
  const announcer = new Announcer();
  announcer.say("Loading");
  announcer.say("Port 8080 is in use.", true);
  expect(announcer.assertive).toBe("Port 8080 is in use.");
  const first = announcer.assertive;
  announcer.say("Port 8080 is in use.", true);
  expect(announcer.assertive).not.toBe(first);
  expect(announcer.assertive.trim()).toBe("Port 8080 is in use.");
});
