/**
 * After an erasure: what has ended, and what only others can remove.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useErased } from '../../store/erased.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.forget

export function Remains(): JSX.Element | null {
  const erased = useErased()
  if (!erased) return null
  const { id, ended, remains } = erased
  return (
    <section class="remains" aria-label={TEXTS.remains}>
      <p>{TEXTS.doneEnded(ended.grants, ended.personas)}</p>
      {remains.length > 0 && (
        <>
          <p>{TEXTS.doneRemains}</p>
          <ul class="points">
            {remains.map(({ where, what, how }) => (
              <li key={where}>
                <strong>{strings.capital(where)}:</strong> {what}. {TEXTS.how} {how}.
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="aside">{TEXTS.reference(id)}</p>
    </section>
  )
}
