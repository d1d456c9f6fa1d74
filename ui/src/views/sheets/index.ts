/** The sheets of a window: who may ask for one gets it through here. */
import type { App } from "$lib/state/app.svelte";
import DeleteSheet from "./DeleteSheet.svelte";
import ErrorSheet from "./ErrorSheet.svelte";

/** Tells the window which sheets there are. */
export function installSheets(app: App): void {
  app.sheets.failure = (failure, at) => app.sheets.show(ErrorSheet, { failure, at });
  app.sheets.dialogs = {
    delete: (cluster) => {
      if (cluster !== null) askDelete(app, cluster);
    },
  };
}

/** Asks whether a cluster shall be deleted. */
export function askDelete(app: App, cluster: string): void {
  app.sheets.show(DeleteSheet, { cluster });
}
