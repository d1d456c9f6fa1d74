/** The regions of the window in their order; F6 goes through them. */
const order = ["sidebar", "toolbar", "problems", "content", "inspector", "status"];
const focusable =
  'button:not([tabindex="-1"]):not([disabled]), input:not([disabled]), select:not([disabled]), textarea, a[href], summary, [tabindex="0"]';

/** Moves the focus to the next or the previous region that has something to focus. */
export function moveRegion(step: 1 | -1): void {
  const regions = order
    .map((name) => document.querySelector<HTMLElement>(`[data-region="${name}"]`))
    .filter((region): region is HTMLElement => region !== null);
  // The innermost one counts: problems are inside the content.
  const here = document.activeElement?.closest<HTMLElement>("[data-region]") ?? null;
  const at = here === null ? -1 : regions.indexOf(here);
  for (let tried = 1; tried <= regions.length; tried++) {
    const region = regions[(at + step * tried + regions.length * 2) % regions.length];
    const target = region === undefined ? null : first(region);
    if (target !== null) {
      target.focus();
      return;
    }
  }
}

function first(region: HTMLElement): HTMLElement | null {
  const current = region.querySelector<HTMLElement>('[aria-current="page"], [aria-current="true"], [role="row"][tabindex="0"]');
  if (current !== null) return current;
  return [...region.querySelectorAll<HTMLElement>(focusable)].find((element) => element.offsetParent !== null && element.role !== "separator") ?? null;
}
