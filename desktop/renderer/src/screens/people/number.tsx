/**
 * Fingerprint of a person in large digits.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useFingerprint } from '../../store/fingerprint.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.contacts

export function PartyNumber(props: { party: string; label: string; look?: 'big' | 'small' }): JSX.Element {
  const { party, label, look = 'big' } = props
  const number = useFingerprint(party)
  return (
    <p class={`number number-${look}`}>
      <span class="number-label">{label}</span> <span class="number-digits">{number ?? TEXTS.numberLoading}</span>
    </p>
  )
}
