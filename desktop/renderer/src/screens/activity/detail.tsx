/**
 * Details of an entry: decision and reasons, chain, checks, proof, replay, and the record.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { type Domains, exactly, GateList, Glyph, gatesOf, glyphOf, verdictOf } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { Heading } from '../../layout.tsx'
import { States } from '../../parts/states.tsx'
import { ReasonLine } from '../../parts/words.tsx'
import { type Loaded, useCall } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { Authority } from './authority.tsx'
import { activityAddress, type Filters } from './filters.ts'
import { Proof } from './proof.tsx'
import { Replay } from './replay.tsx'
import type { NamingTeller } from './teller.ts'
import { isOfMine, sentenceOfEntry, wordedReason } from './told.ts'

const TEXTS = strings.activity

interface DetailProps {
  readonly id: string
  /** The entry, if the list has it. */
  readonly known: LoggedEntry | undefined
  readonly filters: Filters
  readonly teller: NamingTeller
}

export function Detail({ id, known, filters, teller }: DetailProps): JSX.Element {
  const asked = useCall('activity.read', { id }, known !== undefined)
  const loaded: Loaded<LoggedEntry> =
    known === undefined ? asked : { state: 'there', value: known, stale: undefined, again: () => undefined }
  return (
    <article>
      <a class="back" href={activityAddress(filters)}>
        {TEXTS.back}
      </a>
      <States loaded={loaded} ghosts={5}>
        {(entry) => <Body entry={entry} teller={teller} />}
      </States>
    </article>
  )
}

function Body({ entry, teller }: { readonly entry: LoggedEntry; readonly teller: NamingTeller }): JSX.Element {
  const verdict = verdictOf(entry)
  const isMine = isOfMine(entry, teller)
  return (
    <>
      <div class={`told told-${verdict}`}>
        <p class={`verdict verdict-${verdict} told-verdict`}>
          <Glyph name={glyphOf(verdict)} />
          {TEXTS.was[verdict]}
        </p>
        <Heading
          title={`${sentenceOfEntry(entry, teller)}.`}
          lead={<time dateTime={entry.at}>{exactly(entry.at)}</time>}
        />
        {(entry.reasons ?? []).map((reason) => (
          <ReasonLine
            key={reason.code}
            reason={wordedReason(reason, isMine, entry, teller.things.domains)}
            mine={isMine}
          />
        ))}
      </div>
      {entry.chain !== undefined && (
        <Section title={TEXTS.authority} lead={TEXTS.authorityLead}>
          <Authority entry={entry} teller={teller} />
        </Section>
      )}
      <Gates entry={entry} domains={teller.things.domains} />
      <Section title={TEXTS.proof} lead={TEXTS.proofLead}>
        <Proof id={entry.id} />
      </Section>
      {entry.kind === 'evaluation' && (
        <Section title={TEXTS.replay} lead={TEXTS.replayLead}>
          <Replay id={entry.id} />
        </Section>
      )}
      <Section title={TEXTS.record} lead={TEXTS.recordLead}>
        <Record entry={entry} />
      </Section>
    </>
  )
}

function Section(props: { title: string; lead: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="detail-section">
      <div class="detail-about">
        <h2 class="section-title">{props.title}</h2>
        <p class="section-lead">{props.lead}</p>
      </div>
      <div class="detail-body">{props.children}</div>
    </section>
  )
}

function Gates(props: { readonly entry: LoggedEntry; readonly domains: Domains }): JSX.Element | null {
  const gates = gatesOf(props.entry, props.domains)
  if (gates.length === 0) return null
  return (
    <Section title={TEXTS.gates} lead={TEXTS.gatesLead}>
      <GateList gates={gates} spoken={TEXTS.gate} />
    </Section>
  )
}

function Record({ entry }: { readonly entry: LoggedEntry }): JSX.Element {
  const values = Object.entries(entry).filter(([name]) => Object.hasOwn(TEXTS.fields, name))
  return (
    <dl class="record">
      {values.map(([name, value]) => (
        <div key={name}>
          <dt>{TEXTS.fields[name]}</dt>
          <dd>
            <code>{String(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  )
}
