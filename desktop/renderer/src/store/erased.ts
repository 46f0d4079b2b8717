/**
 * Result of an erasure, for the sign-in screen that is shown afterwards. Holds no personal data but a reference.
 *
 * @module
 */
import { useEffect, useState } from 'preact/hooks'
import type { Erased } from '../../../src/shared/views.ts'

let latest: Erased | undefined
const listeners = new Set<() => void>()

/** Sets the result. @param erased - `undefined`: clears it for the next person. */
export function rememberErased(erased: Erased | undefined): void {
  latest = erased
  for (const listener of listeners) listener()
}

export function useErased(): Erased | undefined {
  const [, render] = useState(0)
  useEffect(() => {
    const look = (): void => render((count) => count + 1)
    listeners.add(look)
    look()
    return () => void listeners.delete(look)
  }, [])
  return latest
}
