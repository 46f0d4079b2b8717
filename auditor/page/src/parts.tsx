/**
 * Small parts that several places show.
 *
 * @module
 */
import type { ComponentChildren, JSX } from 'preact'
import type { ApiError } from './api.ts'
import { addressOf } from './location.ts'
import { PARTY_WORD, partyOf, short, type Verdict } from './words.ts'

export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="7" />
      <path class="mark-line" d="M8 23V10l8 8 8-8v13" />
    </svg>
  )
}

/** A page of a few words. */
export function Plain(props: { title: string; busy?: boolean; children?: ComponentChildren }): JSX.Element {
  return (
    <main class="plain" aria-busy={props.busy ?? false}>
      <div class="plain-brand">
        <Mark />
        <span>Mandate</span>
      </div>
      <h1>{props.title}</h1>
      {props.busy ? <p class="lead waiting">Loading…</p> : props.children}
    </main>
  )
}

export function Failure(props: { error: ApiError; again?: () => void }): JSX.Element {
  const { error, again } = props
  const isOver = error.status === 401
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{isOver ? 'Your session has ended.' : 'This could not be loaded.'}</p>
      <p>{isOver ? 'Sign in again to go on where you are.' : error.message}</p>
      {isOver ? (
        <a class="button" href={`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`}>
          Sign in
        </a>
      ) : (
        again && (
          <button type="button" class="button" onClick={again}>
            Try again
          </button>
        )
      )}
    </div>
  )
}

const GLYPHS: Readonly<Record<'holds' | 'fails' | 'open' | 'note', string>> = {
  holds: 'M3.5 8.5l3 3 6-7',
  fails: 'M4 4l8 8M12 4l-8 8',
  open: 'M4 8h8',
  note: 'M8 7.9v.2',
}

/** Says by its form what its colour says too. Decorative: words stand beside it. */
export function Glyph(props: { name: keyof typeof GLYPHS }): JSX.Element {
  return (
    <svg class={`glyph glyph-${props.name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={GLYPHS[props.name]} />
    </svg>
  )
}

export const glyphOf = (verdict: Verdict): 'holds' | 'fails' | 'note' =>
  verdict === 'permit' ? 'holds' : verdict === 'deny' ? 'fails' : 'note'

/** A pseudonym, cut for the eye. */
export function Party(props: { party: string; linked?: boolean }): JSX.Element {
  const { kind, id } = partyOf(props.party)
  const inside = (
    <>
      <span class={`kind kind-${kind}`} aria-hidden="true" />
      <span class="sr">{PARTY_WORD[kind]} </span>
      <span class={kind === 'user' ? 'id' : 'name'}>{kind === 'user' ? short(id) : id}</span>
    </>
  )
  if (!props.linked) {
    return (
      <span class="party" title={props.party}>
        {inside}
      </span>
    )
  }
  return (
    <a class="party" href={addressOf({ member: props.party })} title={`All that has ${props.party} in its chain`}>
      {inside}
    </a>
  )
}
