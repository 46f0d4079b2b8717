/**
 * Where the focus goes when a form was refused. Shared by every page with forms.
 *
 * @module
 */

/**
 * Moves the focus to the first invalid field of a refused form, whose description is the error; without one, to the summary. Either is read out once,
 * so the summary must not be a live region too.
 *
 * @param summary - Focusable, such as by `tabindex="-1"`, and shown already.
 * @returns The element that has the focus now.
 */
export function focusRefusal(form: ParentNode, summary: HTMLElement): HTMLElement {
  const target = form.querySelector<HTMLElement>('[aria-invalid="true"]:not(:disabled)') ?? summary
  target.focus()
  target.scrollIntoView({ block: 'nearest' })
  return target
}
