/**
 * Small components that every page uses.
 *
 * @module
 */
import type { JSX } from 'preact'
import { PARTY_WORD, partyOf, short, type Verdict } from './words.ts'

/** The logo. Decorative. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="7" />
      <path class="mark-line" d="M8 23V10l8 8 8-8v13" />
    </svg>
  )
}

const GLYPHS: Readonly<Record<'holds' | 'fails' | 'open' | 'note', string>> = {
  holds: 'M3.5 8.5l3 3 6-7',
  fails: 'M4 4l8 8M12 4l-8 8',
  open: 'M4 8h8',
  note: 'M8 7.9v.2',
}

/** An icon for an outcome, told apart by shape as well as colour. Decorative: a text must stand beside it. */
export function Glyph(props: { name: keyof typeof GLYPHS }): JSX.Element {
  return (
    <svg class={`glyph glyph-${props.name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={GLYPHS[props.name]} />
    </svg>
  )
}

/** The icon of a verdict. */
export const glyphOf = (verdict: Verdict): 'holds' | 'fails' | 'note' =>
  verdict === 'permit' ? 'holds' : verdict === 'deny' ? 'fails' : 'note'

interface PartyProps {
  /** `user:<id>`, `agent:<id>` or `service:<id>`. */
  readonly party: string
  /** The reader's own name for the party. Absent: the id, shortened for people. */
  readonly name?: string | undefined
  readonly href?: string
  readonly title?: string
}

/** A party: its kind by shape, and its name or pseudonym. */
export function Party({ party, name, href, title = party }: PartyProps): JSX.Element {
  const { kind, id } = partyOf(party)
  const isNamed = name !== undefined || kind !== 'user'
  const inside = (
    <>
      <span class={`kind kind-${kind}`} aria-hidden="true" />
      <span class="sr">{PARTY_WORD[kind]} </span>
      <span class={isNamed ? 'name' : 'id'}>{name ?? (isNamed ? id : short(id))}</span>
    </>
  )
  if (href === undefined) {
    return (
      <span class="party" title={title}>
        {inside}
      </span>
    )
  }
  return (
    <a class="party" href={href} title={title}>
      {inside}
    </a>
  )
}
