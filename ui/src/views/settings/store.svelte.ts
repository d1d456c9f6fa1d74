/** Changes of settings: each applies at once; one that is refused is taken back and said. */
import { createContext } from "svelte";
import { asFailure, type Settings } from "$lib/host/types";
import type { App } from "$lib/state/app.svelte";

export class SettingsStore {
  private readonly app: App;
  /** Changes are written one after the other, each upon the last. */
  private writing: Promise<void> = Promise.resolve();

  constructor(app: App) {
    this.app = app;
  }

  /** Changes some settings. */
  change(change: Partial<Settings>): Promise<void> {
    this.writing = this.writing.then(() => this.write(change));
    return this.writing;
  }

  private async write(change: Partial<Settings>): Promise<void> {
    const { app } = this;
    const before = app.settings;
    if (before === null) return;
    app.settings = { ...before, ...change };
    try {
      app.settings = await app.host.call("settings_set", { settings: { ...before, ...change } });
    } catch (error) {
      const failure = asFailure(error);
      app.settings = before;
      app.say(`Not changed: ${failure.message}`);
      app.fail(failure);
    }
  }
}

export const [useStore, provideStore] = createContext<SettingsStore>();
