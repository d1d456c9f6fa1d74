/** Sheets of a window: one at a time, the others wait. */
import { tick, type Component } from "svelte";
import type { Dropped, Failure, OpenRequest } from "../host/types";

/** What every sheet's component is given besides its own properties. */
export interface SheetProps {
  close: () => void;
}

interface Waiting {
  id: number;
  component: Component<Record<string, unknown> & SheetProps>;
  props: Record<string, unknown>;
  opener: HTMLElement | null;
}

/** What can be asked by name, from outside or by a view. */
export type Dialog = NonNullable<OpenRequest["dialog"]> | "newCluster";

export class Sheets {
  private queue = $state.raw<Waiting[]>([]);
  private next = 1;
  /** Sheets that something outside asks for, by name; set where the sheets are known. */
  dialogs: Partial<Record<Dialog, (cluster: string | null) => void>> = {};
  /** Shows a failure; set where the error sheet is known. */
  failure: (failure: Failure, at: number) => void = () => undefined;
  /** Takes files that were chosen instead of dropped; set where drops are known. */
  dropped: (drop: Dropped, cluster: string) => void = () => undefined;

  readonly current: Waiting | null = $derived(this.queue[0] ?? null);

  /** Shows a sheet, after those that are shown or wait already. The focus returns to what has it now. */
  show<P extends Record<string, unknown>>(component: Component<P & SheetProps>, props: P): void {
    const opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.queue = [
      ...this.queue,
      { id: this.next++, component: component as unknown as Waiting["component"], props, opener },
    ];
  }

  /** Ends the sheet in front. */
  close(): void {
    const ended = this.queue[0];
    this.queue = this.queue.slice(1);
    // The page takes the focus again once the sheet is gone.
    void tick().then(() => {
      if (this.queue.length > 0 || ended === undefined) return;
      if (ended.opener?.isConnected) ended.opener.focus();
      else document.getElementById("view-heading")?.focus();
    });
  }

  /** Opens a sheet that was asked for from outside, by name. */
  ask(dialog: Dialog, cluster: string | null): void {
    this.dialogs[dialog]?.(cluster);
  }
}
