/** What screen readers are told: at most one polite message in three seconds, the last one wins. */
const pauseMs = 3000;

export class Announcer {
  polite = $state("");
  assertive = $state("");
  private waiting: string | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  say(text: string, assertive = false): void {
    if (assertive) {
      // A region that keeps its text says nothing; the space makes a repeated failure heard.
      this.assertive = this.assertive === text ? `${text} ` : text;
      return;
    }
    if (this.timer !== null) {
      this.waiting = text;
      return;
    }
    this.polite = text;
    this.timer = setTimeout(() => {
      this.timer = null;
      const next = this.waiting;
      this.waiting = null;
      if (next !== null && next !== this.polite) this.say(next);
    }, pauseMs);
  }
}
