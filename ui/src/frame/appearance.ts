import type { Appearance } from "$lib/host/types";

/** Lets the whole page follow the chosen appearance, or the system's. */
export function showAppearance(appearance: Appearance): void {
  if (appearance === "system") delete document.documentElement.dataset.appearance;
  else document.documentElement.dataset.appearance = appearance;
}
