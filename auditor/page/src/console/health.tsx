/**
 * Health of every PDP: whether it is ready, what is missing with its cure, and the size of its log.
 *
 * @module
 */
import type { LogLag } from '@mandate/protocol'
import { counted, plural } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { api, type PdpHealth } from './api.ts'
import { Section, State } from './parts.tsx'
import { useRead } from './use.ts'

const EVERY_MS = 15_000

/** Normal lags: a checkpoint is published each second, and entries are indexed 0.25 s after they came. Above them something is slow. In seconds. */
const NORMAL_S = { unpublished: 5, unindexed: 5 } as const

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
        <>
          <ul class="pdps">
            {pdps.map((pdp, at) => (
              <Pdp key={at} name={`PDP ${at + 1}`} pdp={pdp} />
            ))}
          </ul>
          <p class="section-about">
            Each entry is on disk before its decision is answered. A checkpoint signs new entries about once a second,
            and the index, in which they are found, has them within a second: up to {NORMAL_S.unpublished} s is normal,
            also while much is decided. A checkpoint that stays behind is a slow or full disk, or a witness that does
            not answer; an index that stays behind is being built, or its database is slow. Nothing is lost, and
            decisions go on: only when a very large number of entries waits for a checkpoint does the PDP stop deciding.
            The metrics <code>mandate_log_unpublished_seconds</code> and <code>mandate_index_behind_seconds</code> are
            the same numbers, for alerts.
          </p>
        </>
      )}
    </Section>
  )
}

function LogLagOf({ log: { origin, entries, unpublished, unindexed } }: { readonly log: LogLag }): JSX.Element {
  return (
    <dl class="lag">
      <dt>Log</dt>
      <dd>
        {origin}, {counted(entries)} entries
      </dd>
      <dt>Not in a checkpoint yet</dt>
      <dd>
        <Lag lag={unpublished} normalS={NORMAL_S.unpublished} />
      </dd>
      <dt>Not in the index yet</dt>
      <dd>{unindexed ? <Lag lag={unindexed} normalS={NORMAL_S.unindexed} /> : 'the index is not open'}</dd>
    </dl>
  )
}

/** A lag in numbers, with whether it is normal. */
function Lag({
  lag: { entries, seconds },
  normalS,
}: {
  readonly lag: LogLag['unpublished']
  readonly normalS: number
}) {
  if (entries === 0) return <State name="holds">none</State>
  const isNormal = seconds <= normalS
  return (
    <State name={isNormal ? 'holds' : 'fails'}>
      {plural(entries, 'entry', 'entries')}, the oldest {durationOf(seconds)} old{isNormal ? '' : ': behind'}
    </State>
  )
}

function durationOf(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
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
      {log && <LogLagOf log={log} />}
      {!log && answers && <p>It did not say how far its log is.</p>}
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
