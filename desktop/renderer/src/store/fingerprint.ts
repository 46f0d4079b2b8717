/**
 * Fingerprint of a person's id, to be compared by voice. Twelve digits are enough: an attacker cannot choose their id.
 *
 * @module
 */
import { useEffect, useState } from 'preact/hooks'
import { useAround } from './hooks.tsx'

const DIGITS = 12
const GROUP = 4
const MODULUS = 10n ** BigInt(DIGITS)
/** More bits than needed, so that digits are uniformly distributed. */
const BYTES = 16

/** Computes the fingerprint: `1234 5678 9012`. @param party - `user:<sub>`, unique per issuer only. */
export async function fingerprintOf(issuer: string, party: string): Promise<string> {
  const text = new TextEncoder().encode(`mandate fingerprint 1\n${issuer}\n${party}`)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text))
  let number = 0n
  for (const byte of hash.subarray(0, BYTES)) number = number * 256n + BigInt(byte)
  const digits = String(number % MODULUS).padStart(DIGITS, '0')
  return digits.match(new RegExp(`.{${GROUP}}`, 'gu'))?.join(' ') ?? digits
}

/** `undefined` while it is computed. */
export function useFingerprint(party: string): string | undefined {
  const { setup } = useAround()
  const [known, setKnown] = useState<{ readonly party: string; readonly number: string }>()
  useEffect(() => {
    let isOver = false
    void fingerprintOf(setup.issuer, party).then((number) => {
      if (!isOver) setKnown({ party, number })
    })
    return () => {
      isOver = true
    }
  }, [setup.issuer, party])
  return known?.party === party ? known.number : undefined
}
