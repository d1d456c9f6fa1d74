/** What can be done about a failure with one click. */
import type { Failure } from "$lib/host/types";
import { showDiagnostics } from "$lib/state/actions";
import type { App } from "$lib/state/app.svelte";

export interface Remedy {
  label: string;
  act: (app: App) => void;
}

/** The likeliest next step, or null when only the person knows. */
export function remedyOf(failure: Failure): Remedy | null {
  switch (failure.code) {
    case "RuntimeStopped":
      return { label: "Start service", act: (app) => void app.run("runtime_start") };
    case "RuntimeMissing":
    case "RuntimeTooOld":
    case "RuntimeRefused":
    case "RuntimeHung":
    case "RuntimeFailed":
    case "KernelMissing":
    case "NoSpace":
      return { label: "Diagnostics", act: showDiagnostics };
    case "KubeconfigUnreadable":
    case "KubeconfigUnwritable":
    case "KubeconfigLocked":
      return { label: "Show file", act: (app) => void app.run("path_reveal", { what: "kubeconfig" }) };
    default:
      return failure.logs === null ? null : { label: "Open logs", act: (app) => void app.run("path_reveal", { what: "clusterLogs" }) };
  }
}
