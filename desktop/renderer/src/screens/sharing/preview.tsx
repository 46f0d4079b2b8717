/**
 * Preview of a grant: sentence, permitted actions, gates, and how to revoke it.
 *
 * @module
 */
import type { GrantPreview } from '@mandate/protocol'
import { domainOfScope, Glyph, spaced } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Input } from '../../../../src/shared/channel.ts'
import { problemWords } from '../../parts/states.tsx'
import { sentenceOf, termsOf } from '../../store/grants.ts'
import { useCall } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.grant
type Request = Input<'grants.preview'>

const NOTHING: Request = { delegate: 'user:nobody', actions: [], scope: 'workflow:none' }

export function Preview(props: { request: Request | undefined; onKnown: (isAllowed: boolean) => void }): JSX.Element {
  const { request, onKnown } = props
  const loaded = useCall('grants.preview', request ?? NOTHING, request === undefined)
  const isAllowed = loaded.state === 'there' && loaded.value.allowed
  useEffect(() => onKnown(isAllowed), [isAllowed, onKnown])
  return (
    <section class="preview" aria-live="polite">
      <h3>{TEXTS.preview}</h3>
      {request === undefined && <p class="aside">{TEXTS.previewMissing}</p>}
      {request !== undefined && loaded.state === 'loading' && <p class="aside">{TEXTS.previewLoading}</p>}
      {loaded.state === 'failed' && <p class="problem">{problemWords(loaded.problem)}</p>}
      {loaded.state === 'there' && <Told preview={loaded.value} />}
    </section>
  )
}

function Told({ preview }: { readonly preview: GrantPreview }): JSX.Element {
  const people = usePeople()
  const things = useThings()
  if (!preview.allowed) {
    return (
      <p class="problem">
        <strong>{TEXTS.refused}</strong> {problemWords(preview)}
      </p>
    )
  }
  const { gates: declared = [] } = domainOfScope(preview.grant.scope, things.domains) ?? {}
  const labelOf = (name: string): string => declared.find((gate) => gate.name === name)?.label ?? spaced(name)
  const gates = [...new Set(preview.would_allow.flatMap((one) => one.gates))].map(labelOf)
  const { owner } = preview.grant
  const whose = owner === people.me ? undefined : people.called(owner)
  return (
    <>
      <p class="grant-sentence">{sentenceOf(preview.grant, people, things)}</p>
      <ul class="would">
        {preview.would_allow.map(({ action, scope }) => (
          <li key={`${action} ${scope}`}>
            <Glyph name="holds" /> {strings.capital(TEXTS.would(things.acts([action], scope)))}
          </li>
        ))}
      </ul>
      {[
        ...termsOf(preview.grant, things.domains),
        ...(gates.length > 0 ? [TEXTS.gates(gates, whose)] : []),
        TEXTS.stop,
      ].map((words) => (
        <p class="grant-terms" key={words}>
          {words}
        </p>
      ))}
    </>
  )
}
