/**
 * Text with a copy button. Needs no clipboard permission: it copies a selection on a click.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { announce } from './toast.tsx'

interface CopiedProps {
  readonly text: string
  /** Accessible name of the text. */
  readonly label: string
  readonly action: string
  readonly done: string
  /** Announced when copying fails. */
  readonly failed: string
  readonly look?: 'big' | 'small'
}

export function Copied({ text, label, action, done, failed, look = 'small' }: CopiedProps): JSX.Element {
  const shown = useRef<HTMLElement>(null)
  const copy = (): void => {
    const selection = getSelection()
    if (!selection || !shown.current) return
    selection.selectAllChildren(shown.current)
    const isCopied = document.execCommand('copy')
    if (isCopied) selection.removeAllRanges()
    announce(isCopied ? done : failed)
  }
  return (
    <div class={`copied copied-${look}`}>
      <p class="copied-label">{label}</p>
      <div class="copied-row">
        <code class="copied-text" ref={shown}>
          {text}
        </code>
        <button type="button" class="button" onClick={copy}>
          {action}
        </button>
      </div>
    </div>
  )
}
