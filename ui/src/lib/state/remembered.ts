/** Small things about a window that come back the next time: widths, the view. Nothing that matters when it is lost. */

const prefix = "apple-k8s.";

export function recall<T>(name: string, fallback: T, fits: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(prefix + name) ?? "null");
    return fits(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // A window without storage works as well.
  }
}

/** Hears what another window remembers, until the answer is called. */
export function onRemembered(name: string, hear: () => void): () => void {
  const changed = (event: StorageEvent) => {
    if (event.key === prefix + name) hear();
  };
  window.addEventListener("storage", changed);
  return () => window.removeEventListener("storage", changed);
}
