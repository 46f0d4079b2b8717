/**
 * Verifies the inclusion proof when an entry is opened.
 *
 * @module
 */
import { CheckList, checkProof, Glyph, type ProofReport, pinnedKeys, type RawEntry } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Proof as ProofView } from '../../../../src/shared/views.ts'
import { States } from '../../parts/states.tsx'
import { useCall } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'

const TEXTS = strings.activity
const GLYPH = { holds: 'holds', partial: 'holds', fails: 'fails', unpinned: 'open' } as const

export function Proof({ id }: { readonly id: string }): JSX.Element {
  const loaded = useCall('activity.proof', { id })
  return (
    <States loaded={loaded} ghosts={1}>
      {(proof) => <Checked proof={proof} />}
    </States>
  )
}

/** A malformed entry is verified as an empty one, which fails. */
async function reportOn({ entry, proof, keys }: ProofView): Promise<ProofReport> {
  return await checkProof(rawOf(entry), proof, await pinnedKeys(keys))
}

function rawOf(text: string): RawEntry {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function Checked({ proof }: { readonly proof: ProofView }): JSX.Element {
  const [report, setReport] = useState<ProofReport>()
  useEffect(() => {
    let isOver = false
    void reportOn(proof).then((made) => {
      if (!isOver) setReport(made)
    })
    return () => {
      isOver = true
    }
  }, [proof])
  if (!report) return <p class="aside">{TEXTS.proving}</p>
  const { verdict, checks, tookMs } = report
  const advice = TEXTS.proofAdvice[verdict]
  return (
    <>
      <p class={`seal seal-${verdict}`} role="status">
        <span class="seal-mark">
          <Glyph name={GLYPH[verdict]} />
        </span>
        <span class="seal-words">
          <strong>{TEXTS.proofs[verdict]}</strong>
          <span>{advice === '' ? TEXTS.tookMs(Math.max(1, Math.round(tookMs))) : advice}</span>
        </span>
      </p>
      <CheckList checks={checks} names={TEXTS.checks} />
    </>
  )
}
