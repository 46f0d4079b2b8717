/**
 * Checklists: the gates of a decision, and the steps of verifying a proof.
 *
 * @module
 */
import type { JSX } from 'preact'
import type { Gate } from './gates.ts'
import { Glyph } from './parts.tsx'
import type { Check } from './verify.ts'

/** Prefix for screen readers, which cannot see the icon. */
export type SpokenOutcomes = Readonly<Record<Gate['outcome'], string>>

/** The gates of a decision, each with its outcome. */
export function GateList(props: { gates: readonly Gate[]; spoken: SpokenOutcomes }): JSX.Element {
  return (
    <ul class="gates">
      {props.gates.map(({ name, outcome, says }) => (
        <li key={name} class={`gate gate-${outcome}`}>
          <Glyph name={outcome} />
          <span class="gate-name">{name}</span>
          <span class="gate-says">
            <span class="sr">{props.spoken[outcome]}</span>
            {says}
          </span>
        </li>
      ))}
    </ul>
  )
}

const GLYPH = { holds: 'holds', fails: 'fails', unknown: 'open' } as const

/** The steps of verifying a proof, each with its outcome. */
export function CheckList(props: {
  checks: readonly Check[]
  names: Readonly<Record<Check['name'], string>>
}): JSX.Element {
  return (
    <ol class="checks">
      {props.checks.map(({ name, outcome, says, evidence }) => (
        <li key={name} class={`check check-${outcome}`}>
          <Glyph name={GLYPH[outcome]} />
          <span class="check-name">{props.names[name]}</span>
          <span class="check-says">
            {says}
            {evidence && <code title={evidence}>{evidence}</code>}
          </span>
        </li>
      ))}
    </ol>
  )
}
