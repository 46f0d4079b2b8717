/**
 * The proof of an entry, verified in the browser when a decision is opened.
 *
 * @module
 */

import type { VerifierKey } from '@mandate/protocol'
import { type Check, CheckList, checkProof, Glyph, leafText } from '@mandate/ui'
import type { JSX } from 'preact'
import { api, type Opened } from './api.ts'
import { Failure } from './parts.tsx'
import { useLoaded } from './use.ts'

const NAMES: Readonly<Record<Check['name'], string>> = {
  leaf: 'Entry',
  inclusion: 'Inclusion',
  signature: 'Signature',
  memory: 'Consistency',
}

export function Proof(props: { opened: Opened; keys: readonly VerifierKey[] }): JSX.Element {
  const { opened, keys } = props
  const { entry, raw } = opened
  const loaded = useLoaded(
    async (signal) => {
      const text = await api.proof(entry.id, signal)
      return { text, report: await checkProof(raw, text, keys) }
    },
    [entry.id, keys],
  )
  if (loaded.state === 'loading') return <p class="waiting">Fetching the proof…</p>
  if (loaded.state === 'failed') return <Failure error={loaded.error} again={loaded.again} />
  const { text, report } = loaded.value
  return (
    <>
      <p class={`seal seal-${report.verdict}`} role="status">
        <span class="seal-mark">
          <Glyph name={report.verdict === 'holds' ? 'holds' : report.verdict === 'fails' ? 'fails' : 'open'} />
        </span>
        <span class="seal-words">
          <strong>{VERDICTS[report.verdict]}</strong>
          <span>
            Verified in this browser with WebCrypto in {Math.max(1, Math.round(report.tookMs))} ms, without trusting any
            server.
          </span>
        </span>
      </p>
      <CheckList checks={report.checks} names={NAMES} />
      <p class="take">
        <Take name={`${entry.id}.tlog-proof`} text={text}>
          Save the proof
        </Take>
        <Take name={`${entry.id}.json`} text={leafText(raw)}>
          Save the entry
        </Take>
        <span class="aside">
          Without this page:{' '}
          <code>
            mandate-audit verify --proof {entry.id}.tlog-proof --entry {entry.id}.json --key log.vkey
          </code>
        </span>
      </p>
    </>
  )
}

const VERDICTS = {
  holds: 'This entry is in the log, unaltered.',
  partial: 'An entry with this hash is in the log, unaltered; you are not shown all of it.',
  fails: 'This entry is NOT what was logged.',
  unpinned: 'This entry is in the tree, but no trusted key signed the tree.',
} as const

/** Saves text that was already loaded: a download from the server would be logged as another read. */
function Take(props: { name: string; text: string; children: string }): JSX.Element {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([props.text], { type: 'application/octet-stream' }))
    const link = Object.assign(document.createElement('a'), { href: url, download: props.name })
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <button type="button" class="button" onClick={save}>
      {props.children}
    </button>
  )
}
