/**
 * Top bar: the log's origin and size, and whether a trusted key signed its checkpoint.
 *
 * @module
 */

import type { VerifierKey } from '@mandate/protocol'
import { counted, Glyph, type Head, headOf, Mark } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { api } from './api.ts'

const EVERY_MS = 30_000

export function Bar(props: { keys: readonly VerifierKey[]; onSignOut: () => Promise<void> }): JSX.Element {
  const head = useHead(props.keys)
  return (
    <header class="bar">
      <a class="skip" href="#results">
        Skip to the decisions
      </a>
      <a class="brand" href="/">
        <Mark />
        <span class="brand-name">Mandate</span>
        <span class="brand-place">Decision log</span>
      </a>
      {head && <HeadLine head={head} />}
      <button type="button" class="button quiet" onClick={() => void props.onSignOut()}>
        Sign out
      </button>
    </header>
  )
}

function HeadLine({ head }: { readonly head: Head }): JSX.Element {
  const { origin, size, signature } = head
  const words = { holds: 'signature verified', fails: 'signature NOT valid', unknown: 'no key pinned' }[
    signature.outcome
  ]
  const glyph = ({ holds: 'holds', fails: 'fails', unknown: 'open' } as const)[signature.outcome]
  return (
    <p class={`head head-${signature.outcome}`} title={`${signature.says}. ${signature.evidence ?? ''}`}>
      <Glyph name={glyph} />
      <span class="head-origin">{origin}</span>
      <span class="head-size">{counted(size)} entries</span>
      <span class="head-words">{words}</span>
    </p>
  )
}

/** Fetches and verifies the newest checkpoint periodically, while the page is visible. */
function useHead(keys: readonly VerifierKey[]): Head | undefined {
  const [head, setHead] = useState<Head>()
  useEffect(() => {
    let isOver = false
    const look = async (): Promise<void> => {
      if (document.hidden) return
      const read = await api.checkpoint().then(
        (written) => headOf(written, keys),
        () => undefined,
      )
      if (!isOver && read) setHead(read)
    }
    void look()
    const timer = setInterval(() => void look(), EVERY_MS)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [keys])
  return head
}
