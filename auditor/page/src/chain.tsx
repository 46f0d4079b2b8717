/**
 * The chain of an entry. Shows the links from the entry at once, and the state of each grant when it is loaded.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { ChainPicture, chainOf, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { fullLinks, linksOf } from './links.ts'
import { useLoaded } from './use.ts'

export function Chain({ entry }: { readonly entry: LoggedEntry }): JSX.Element | null {
  const domains = useDomains()
  const loaded = useLoaded((signal) => fullLinks(entry, domains, signal), [entry.id, domains])
  if (!entry.chain) return null
  if (chainOf(entry).length === 0) {
    return <p class="aside">No grant was needed, or none was found: nobody acted on another’s authority.</p>
  }
  const note =
    loaded.state === 'failed'
      ? 'The grants themselves could not be read, so their limits and present state are not shown.'
      : entry.chain.length === 0
        ? 'No chain was good. This one came nearest, and conferred nothing.'
        : undefined
  return (
    <ChainPicture
      links={loaded.state === 'there' ? loaded.value : linksOf(entry)}
      owner={entry.owner}
      busy={loaded.state === 'loading'}
      note={note}
    />
  )
}
