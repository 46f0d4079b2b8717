/**
 * Components that the sections of the console share.
 *
 * @module
 */
import { exactly, Glyph, minuteOf } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Failure } from '../parts.tsx'
import type { Changes, Read } from './use.ts'

/** Address that signs in to the console. */
export const SIGN_IN = '/console/sign-in'

/** A section of the console: title, one sentence about it, the outcome of the last change, and what it shows once that was read. */
export function Section<T>(props: {
  title: string
  about: string
  read: Read<T>
  changes?: Changes
  children: (value: T) => ComponentChildren
}): JSX.Element {
  const { title, about, read, changes, children } = props
  return (
    <>
      <h1 class="section-title">{title}</h1>
      <p class="section-about">{about}</p>
      {changes && <Outcome changes={changes} />}
      {read.error && <Failure error={read.error} again={read.reload} signIn={SIGN_IN} />}
      {read.value === undefined && !read.error && <p class="waiting">Loading…</p>}
      {read.value !== undefined && children(read.value)}
    </>
  )
}

/** What the last change came to. A live region, so that screen readers say it. */
function Outcome({ changes: { done, error } }: { readonly changes: Changes }): JSX.Element {
  return (
    <div class="outcome" role="status">
      {done && (
        <p class="done">
          <Glyph name="holds" /> {done}
        </p>
      )}
      {error && (
        <p class="problem">
          {error.status === 401 ? 'Your session has ended. ' : `This was not done. ${error.message} `}
          {error.status === 401 && <a href={`${SIGN_IN}?to=${encodeURIComponent(location.pathname)}`}>Sign in again</a>}
        </p>
      )}
    </div>
  )
}

/**
 * A list as a table, or a sentence where it is empty, with the question before a change of one of its items.
 *
 * @param props.heads - Heads of the columns; `undefined` for one that the person may not see.
 */
export function Listing<T>(props: {
  items: readonly T[]
  empty: string
  caption: string
  heads: readonly (string | undefined)[]
  asking?: Asking
  children: (item: T) => JSX.Element
}): JSX.Element {
  const { items, empty, caption, heads, asking, children } = props
  return (
    <>
      {items.length === 0 && <p class="aside">{empty}</p>}
      {items.length > 0 && (
        <Table caption={caption} heads={heads.filter((head) => head !== undefined)}>
          {items.map(children)}
        </Table>
      )}
      {asking && <Ask question={asking.question} onClose={() => asking.ask(undefined)} />}
    </>
  )
}

/** A table, which becomes a list of cards on narrow screens. `label`s repeat the column's head there. */
export function Table(props: { caption: string; heads: readonly string[]; children: ComponentChildren }): JSX.Element {
  return (
    <table class="table">
      <caption class="sr">{props.caption}</caption>
      <thead>
        <tr>
          {props.heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{props.children}</tbody>
    </table>
  )
}

export function Cell(props: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <td>
      <span class="cell-label" aria-hidden="true">
        {props.label}
      </span>
      <span class="cell">{props.children}</span>
    </td>
  )
}

/** An instant by the minute; exactly in its tooltip. */
export function At({ instant }: { readonly instant: string }): JSX.Element {
  return (
    <time dateTime={instant} title={exactly(instant)}>
      {minuteOf(instant)}
    </time>
  )
}

/** A state, told by a shape and a word. */
export function State(props: { name: 'holds' | 'fails' | 'open'; children: ComponentChildren }): JSX.Element {
  return (
    <span class={`state state-${props.name}`}>
      <Glyph name={props.name} />
      {props.children}
    </span>
  )
}

/** A question before a change that takes something away. */
export interface Question {
  readonly title: string
  readonly text: string
  /** Label of the button that makes the change. */
  readonly yes: string
  readonly change: () => Promise<unknown>
}

/** The question that is being asked, if any. */
export interface Asking {
  readonly question: Question | undefined
  readonly ask: (question: Question | undefined) => void
}

export function useAsking(): Asking {
  const [question, ask] = useState<Question>()
  return { question, ask }
}

/** Asks in a modal dialog; the browser keeps the focus in it, and Escape closes it. */
export function Ask(props: { question: Question | undefined; onClose: () => void }): JSX.Element {
  const { question, onClose } = props
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (question) dialog.current?.showModal()
    else dialog.current?.close()
  }, [question])
  return (
    <dialog class="ask" ref={dialog} onClose={onClose} aria-labelledby="ask-title" aria-describedby="ask-text">
      <h2 id="ask-title">{question?.title}</h2>
      <p id="ask-text">{question?.text}</p>
      <div class="ask-buttons">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            void question?.change()
            onClose()
          }}
        >
          {question?.yes}
        </button>
      </div>
    </dialog>
  )
}

/** A text field with its label, and what it is for. */
export function Field(props: {
  name: string
  label: string
  help?: string
  type?: 'text' | 'date'
  pattern?: string
  value?: string
  min?: string
  max?: string
}): JSX.Element {
  const { name, label, help, type = 'text', ...rest } = props
  const described = help ? { 'aria-describedby': `help-${name}` } : {}
  const all = { id: `field-${name}`, name, required: true, autocomplete: 'off', ...described, ...rest } as const
  return (
    <div class="field">
      <label for={all.id}>{label}</label>
      {type === 'date' ? <input type="date" {...all} /> : <input type="text" spellcheck={false} {...all} />}
      {help && (
        <small class="aside" id={`help-${name}`}>
          {help}
        </small>
      )}
    </div>
  )
}

/** Text of a form's field. */
export function textOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === 'string' ? value.trim() : ''
}
