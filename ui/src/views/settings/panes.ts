/** The panes of the settings. The one that was seen last comes back; other windows can name one. */
import { recall, remember } from "$lib/state/remembered";
import type { App } from "$lib/state/app.svelte";

export const tabs = [
  { id: "general", label: "General" },
  { id: "newClusters", label: "New clusters" },
  { id: "runtime", label: "Runtime" },
  { id: "kubeconfig", label: "Kubeconfig" },
  { id: "updates", label: "Updates" },
  { id: "advanced", label: "Advanced" },
] as const;

export type Pane = (typeof tabs)[number]["id"];

/** What the pane is remembered by. */
export const paneKey = "settingsPane";

const isPane = (value: unknown): value is Pane => tabs.some((tab) => tab.id === value);

export const lastPane = (): Pane => recall<Pane>(paneKey, "general", isPane);

/** Opens the settings, at a pane when one is named. */
export function openSettings(app: App, pane?: Pane): void {
  if (pane !== undefined) remember(paneKey, pane);
  void app.run("window_open", { window: "settings" });
}
