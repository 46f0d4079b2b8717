/**
 * What came of being forgotten, for the screen that is shown afterwards, to nobody signed in. Of the person it holds nothing but a reference.
 *
 * @module
 */
import { useEffect, useState } from 'preact/hooks'
import type { Erased } from '../../../src/shared/views.ts'

let latest: Erased | undefined
const listeners = new Set<() => void>()

/** @param erased - `undefined`: somebody else begins. */
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
