/**
 * The bar: name of the pack, sharing by address, reset to the files on disk.
 *
 * @module
 */
import { Mark } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { MAX_FRAGMENT, packFragment, type Shared } from './share.ts'

interface BarProps {
  readonly name: string
  /** Whether the texts differ from the files on disk. */
  readonly isChanged: boolean
  readonly isShared: boolean
  readonly shared: Shared
  readonly onReset: () => void
}

export function Bar({ name, isChanged, isShared, shared, onReset }: BarProps): JSX.Element {
  const [told, setTold] = useState('')
  useEffect(() => setTold(''), [shared.texts])
  return (
    <>
      <header class="bar">
        <span class="brand">
          <Mark />
          <span class="brand-name">Mandate</span>
          <span class="brand-place">Playground</span>
        </span>
        <span class="bar-pack">
          <code>{name}</code>
          {isChanged && <span class="bar-changed">edited</span>}
        </span>
        <button type="button" class="button" onClick={() => void share(shared).then(setTold)}>
          Share
        </button>
        <button type="button" class="button" disabled={!isChanged && !isShared} onClick={onReset}>
          Reset to files
        </button>
      </header>
      <p class="told" role="status">
        {told ||
          (isShared && isChanged ? 'This pack came with the address. It is not what the files on disk say.' : '')}
      </p>
    </>
  )
}

/** Puts pack and question into the address, and copies it. @returns What to tell the user. */
async function share(shared: Shared): Promise<string> {
  const fragment = await packFragment(shared)
  const size = fragment.length.toLocaleString('en-GB')
  const most = MAX_FRAGMENT.toLocaleString('en-GB')
  if (fragment.length > MAX_FRAGMENT)
    return `Too large to share by address: ${size} characters compressed, and at most ${most} are possible. Send the files instead.`
  history.replaceState(null, '', fragment)
  const isCopied = await navigator.clipboard.writeText(location.href).then(
    () => true,
    () => false,
  )
  const where = isCopied ? 'The address is copied' : 'Copy the address from the address bar'
  return `${where} (${size} of at most ${most} characters). It has the pack and the question, and opens where a playground runs at ${location.host}.`
}
