/**
 * Top bar: the logs' origin and size, and whether a trusted key signed their checkpoints.
 *
 * @module
 */

import { Mark } from '@mandate/ui'
import type { JSX } from 'preact'
import { type Log, LogSummary } from './logs.tsx'

/** @param props.isOfConsole - Whether the person's roles open a section of the console. */
export function Bar(props: {
  logs: readonly Log[]
  isOfConsole: boolean
  onSignOut: () => Promise<void>
}): JSX.Element {
  return (
    <header class="bar">
      <a class="skip" href="#results">
        Skip to the decisions
      </a>
      <a class="brand" href="/">
        <Mark />
        <span class="brand-name">Mandate</span>
        <span class="brand-place">Decision log</span>
      </a>
      <LogSummary logs={props.logs} />
      {props.isOfConsole && (
        <a class="bar-link" href="/console">
          Console
        </a>
      )}
      <button type="button" class="button quiet" onClick={() => void props.onSignOut()}>
        Sign out
      </button>
    </header>
  )
}
