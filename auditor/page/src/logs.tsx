/**
 * The logs of all PDPs: origin, size and root of the newest checkpoint, and whether a pinned key signed it. Each log is verified by itself.
 *
 * @module
 */

import type { VerifierKey } from '@mandate/protocol'
import { type Check, counted, Glyph, type Head, headOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { api } from './api.ts'

const EVERY_MS = 30_000

/** The log of one PDP. */
export interface Log {
  /** The newest checkpoint that was received; `undefined` before the first one. */
  readonly head: Head | undefined
  /** Whether the last request gave a checkpoint. */
  readonly isCurrent: boolean
}

type Outcome = Check['outcome']

const WORDS = {
  holds: 'signature verified',
  fails: 'NOT signed by a pinned key',
  unknown: 'no key pinned',
} as const satisfies Record<Outcome, string>
const SEVERAL_WORDS = {
  holds: 'signatures verified',
  fails: 'NOT all signed by a pinned key',
  unknown: 'no key pinned',
} as const satisfies Record<Outcome, string>
const GLYPHS = { holds: 'holds', fails: 'fails', unknown: 'open' } as const satisfies Record<Outcome, string>

/** Fetches and verifies the newest checkpoints periodically, while the page is visible. In the order of the server's PDPs. */
export function useLogs(keys: readonly VerifierKey[]): readonly Log[] {
  const [logs, setLogs] = useState<readonly Log[]>([])
  useEffect(() => {
    let isOver = false
    const look = async (): Promise<void> => {
      if (document.hidden) return
      const written = await api.checkpoints().catch(() => undefined)
      const heads = await Promise.all((written ?? []).map((text) => (text === undefined ? text : headOf(text, keys))))
      if (!isOver) setLogs((before) => withHeads(before, written === undefined ? before.map(() => undefined) : heads))
    }
    void look()
    const timer = setInterval(() => void look(), EVERY_MS)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [keys])
  return logs
}

/** Keeps the earlier head of a log whose checkpoint was not received, so that it still has its origin. */
function withHeads(before: readonly Log[], heads: readonly (Head | undefined)[]): readonly Log[] {
  return heads.map((head, at) => ({ head: head ?? before[at]?.head, isCurrent: head !== undefined }))
}

/** One line for the top bar: the log, or how many there are, and the worst outcome. */
export function LogSummary({ logs }: { readonly logs: readonly Log[] }): JSX.Element | null {
  const heads = logs.flatMap(({ head }) => head ?? [])
  const [only] = heads
  if (!only) return null
  if (logs.length === 1) return <HeadLine head={only} />
  const outcomes = heads.map(({ signature }) => signature.outcome)
  const outcome = (['fails', 'unknown'] as const).find((worst) => outcomes.includes(worst)) ?? 'holds'
  const missing = logs.filter(({ isCurrent }) => !isCurrent).length
  return (
    <p class={`head head-${outcome}`}>
      <Glyph name={GLYPHS[outcome]} />
      <span class="head-origin">{logs.length} logs</span>
      <span class="head-size">{counted(heads.reduce((sum, { size }) => sum + size, 0))} entries</span>
      <span class="head-words">
        {SEVERAL_WORDS[outcome]}
        {missing > 0 && `, ${missing} not read`}
      </span>
    </p>
  )
}

/** All logs, one a line; nothing for a single one, which the top bar shows. */
export function LogList({ logs }: { readonly logs: readonly Log[] }): JSX.Element | null {
  if (logs.length < 2) return null
  return (
    <section class="logs" aria-label="Logs">
      <h2 class="band-title">Logs</h2>
      <ul>
        {logs.map(({ head, isCurrent }, at) => (
          <li key={at}>
            {head ? <HeadLine head={head} hasRoot /> : <p class="head head-unknown">Log of PDP {at + 1}</p>}
            {!isCurrent && <p class="aside">PDP {at + 1} gave no checkpoint now.</p>}
          </li>
        ))}
      </ul>
    </section>
  )
}

function HeadLine({ head, hasRoot = false }: { readonly head: Head; readonly hasRoot?: boolean }): JSX.Element {
  const { origin, size, root, signature } = head
  return (
    <p class={`head head-${signature.outcome}`} title={`${signature.says}. ${signature.evidence ?? ''}`}>
      <Glyph name={GLYPHS[signature.outcome]} />
      <span class="head-origin">{origin}</span>
      <span class="head-size">{counted(size)} entries</span>
      {hasRoot && <code class="head-root">{root}</code>}
      <span class="head-words">{WORDS[signature.outcome]}</span>
    </p>
  )
}
