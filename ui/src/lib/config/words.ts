/** Texts of the configurator. */
import { plural } from "../format";
import type { Fate } from "./machines";

export const words = {
  locked: "The text has an error. Put it right there first.",
  stale: (count: number) =>
    `The text has ${plural(count, "problem")}. The form shows the last right values until it is put right.`,
  foreign: "This file is one of kind. The form shows it; the text can edit it.",
  refused: "This place is written in a way that only the text can change.",
  problems: (count: number) => plural(count, "problem"),
  warnings: (count: number) => plural(count, "warning"),
  patches: (count: number) => plural(count, "patch", "patches"),
  clusterPatches: (count: number) => `${plural(count, "patch", "patches")} for all nodes, in the text.`,
} as const;

export const fateWords: Record<Fate, string | null> = {
  same: null,
  new: "new",
  removed: "removed",
  recreated: "made anew",
};

/** Kubernetes' own words. */
export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"].map((value) => ({
  value,
  label: value,
}));
