/**
 * Small shared components.
 *
 * @module
 */
import { Mark, Party } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { addressOf } from './location.ts'
import type { ApiError } from './request.ts'

/** A page with a title and a short text. */
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

/** @param props.signIn - Address that signs in to the page. @default that of the auditor's page */
export function Failure(props: { error: ApiError; again?: () => void; signIn?: string }): JSX.Element {
  const { error, again, signIn = '/sign-in' } = props
  const isOver = error.status === 401
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{isOver ? 'Your session has ended.' : 'This could not be loaded.'}</p>
      <p>{isOver ? 'Sign in again to go on where you are.' : error.message}</p>
      {isOver ? (
        <a class="button" href={`${signIn}?to=${encodeURIComponent(location.pathname + location.search)}`}>
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

/** A shortened pseudonym; links to all entries with it in their chain. */
export function PartyLink({ party }: { readonly party: string }): JSX.Element {
  return <Party party={party} href={addressOf({ member: party })} title={`All that has ${party} in its chain`} />
}
