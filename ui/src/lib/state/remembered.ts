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
