/** The host that ships: the only file that talks to Tauri. */
import { Channel, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWindow } from "@tauri-apps/api/window";
import { asFailure, type Host, type LogBatch } from "./types";

/** The way to the clipboard where the page may not use it directly. */
function copyFromField(text: string): void {
  const opener = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "spoken";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  if (opener instanceof HTMLElement) opener.focus();
}

export function createHost(): Host {
  // Nothing is drawn, or asked for, for a page that nobody sees.
  // One word after the other, each of the moment it is sent: overtaken, an old one would stand for good.
  let told: Promise<unknown> = Promise.resolve();
  document.addEventListener("visibilitychange", () => {
    told = told.then(() => invoke("window_seen", { seen: !document.hidden })).catch(() => undefined);
  });
  /** Settled when everything that is heard is. */
  let listening: Promise<unknown> = Promise.resolve();
  return {
    platform: /Mac/.test(navigator.userAgent) ? "mac" : "linux",
    now: () => Date.now(),
    async call(name, ...args) {
      // Who asks for the snapshot is taken to listen: what is sent from then on must not be lost.
      if (name === "snapshot_get") await listening;
      try {
        return await invoke(name, args[0] ?? {});
      } catch (error) {
        throw asFailure(error);
      }
    },
    on(name, hear) {
      const heard = listen(name, (event) => hear(event.payload as Parameters<typeof hear>[0]));
      listening = Promise.allSettled([listening, heard]);
      return () => void heard.then((stop) => stop());
    },
    log(source, tail, hear, fail) {
      const channel = new Channel<LogBatch>();
      let closed = false;
      channel.onmessage = (batch) => {
        if (!closed) hear(batch);
      };
      const opening = invoke<number>("log_open", { source, tail, channel });
      opening.catch((error) => {
        if (!closed) fail(asFailure(error));
      });
      return () => {
        closed = true;
        opening.then((id) => invoke("log_close", { id })).catch(() => undefined);
      };
    },
    copy: (text) => navigator.clipboard.writeText(text).catch(() => copyFromField(text)),
    close: () => void getCurrentWindow().close(),
  };
}
