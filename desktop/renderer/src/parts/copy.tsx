/**
 * Something to be copied letter by letter. The window has no permission to the clipboard, and needs none: what is selected can be copied by
 * whoever clicks.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { announce } from './toast.tsx'

interface CopiedProps {
  readonly text: string
  /** What it is, for who does not see it. */
  readonly label: string
  readonly action: string
  readonly done: string
  /** Said when the system does not let it be copied. */
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
