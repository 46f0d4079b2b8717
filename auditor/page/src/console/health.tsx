/**
 * Health of every PDP: whether it is ready, what is missing with its cure, and the size of its log.
 *
 * @module
 */
import { counted } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { api, type PdpHealth } from './api.ts'
import { Section, State } from './parts.tsx'
import { useRead } from './use.ts'

const EVERY_MS = 15_000

/** What each part of `/readyz` is, and what happens without it. */
const PART_WORDS: ReadonlyMap<string, string> = new Map([
  ['log', 'The decision log cannot be written: nothing is decided.'],
  ['clock', 'The clock is not trusted: nothing is decided.'],
  ['openfga', 'OpenFGA does not answer: nothing is decided.'],
  ['openfga_limits', 'A limit of OpenFGA is too low.'],
  ['store', 'The database cannot be used.'],
  ['policies', 'The policies in force cannot be used here.'],
  ['index', 'The index of the log is behind: new entries are found later. Decisions go on.'],
])

export function Health(): JSX.Element {
  const read = useRead(api.health)
  const { reload } = read
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), EVERY_MS)
    return () => clearInterval(timer)
  }, [reload])
  return (
    <Section title="Health" about="Every PDP, asked again every 15 seconds." read={read}>
      {(pdps) => (
        <ul class="pdps">
          {pdps.map((pdp, at) => (
            <Pdp key={at} name={`PDP ${at + 1}`} pdp={pdp} />
          ))}
        </ul>
      )}
    </Section>
  )
}

function Pdp({ name, pdp }: { readonly name: string; readonly pdp: PdpHealth }): JSX.Element {
  const { answers, ready, missing, mend, log, tookMs } = pdp
  return (
    <li class="pdp">
      <h2>{name}</h2>
      <State name={ready ? 'holds' : 'fails'}>
        {ready && 'ready'}
        {!ready && (answers ? 'not ready' : 'does not answer')}
      </State>
      {log && (
        <p>
          {log.origin}
          <br />
          {counted(log.entries)} entries in its newest checkpoint
        </p>
      )}
      {!log && answers && <p>It gave no checkpoint of its log.</p>}
      {tookMs !== undefined && <p class="aside">Answered in {counted(tookMs)} ms</p>}
      {missing.map((part) => (
        <p key={part} class="problem">
          {PART_WORDS.get(part) ?? `Not working: ${part}.`}
        </p>
      ))}
      {mend.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </li>
  )
}
