/**
 * Keeps the keyboard's place when the focused element goes away: a button of a list entry that was revoked, or one that is disabled while it works.
 *
 * @module
 */

/** Time for a dialog to give the focus back itself, in milliseconds. */
const REST_MS = 50

const OVERLAYS = '[role=dialog], [role=alertdialog], .toasts'

/** @param fallback - Takes the focus where no element around the lost one does. @returns A function that stops. */
export function keepFocus(fallback: () => HTMLElement | null): () => void {
  /** The element that had the focus last, and those around it. */
  let path: readonly Element[] = []
  /** The same of the last element outside of dialogs and messages: an opener may go before its dialog does. */
  let outside: readonly Element[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const remember = ({ target }: FocusEvent): void => {
    if (!(target instanceof Element)) return
    path = pathOf(target)
    if (!target.closest(OVERLAYS)) outside = path
  }
  const look = (): void => {
    const [lost] = path
    if (!lost || document.activeElement !== document.body) return
    if (lost.isConnected) {
      // It was disabled while it worked, and is enabled again.
      if (lost instanceof HTMLElement && !lost.matches(':disabled')) lost.focus({ preventScroll: true })
      return
    }
    const around = [...path, ...outside].find((element) => element.isConnected && element.hasAttribute('tabindex'))
    const place = around instanceof HTMLElement ? around : fallback()
    place?.focus({ preventScroll: true })
  }
  const observer = new MutationObserver(() => {
    clearTimeout(timer)
    if (document.activeElement === document.body) timer = setTimeout(look, REST_MS)
  })
  // A click beside every control takes the focus away on purpose.
  const forget = (): void => {
    path = []
  }
  document.addEventListener('focusin', remember)
  document.addEventListener('pointerdown', forget)
  observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] })
  return () => {
    clearTimeout(timer)
    observer.disconnect()
    document.removeEventListener('focusin', remember)
    document.removeEventListener('pointerdown', forget)
  }
}

function pathOf(element: Element): readonly Element[] {
  const { parentElement } = element
  return parentElement === null ? [element] : [element, ...pathOf(parentElement)]
}
