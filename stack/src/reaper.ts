/**
 * Ends the servers of a process that could not end them itself: it was killed (SIGKILL, out of memory). They would keep their ports otherwise, and the next
 * start would find them taken.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('reaper-main.ts', import.meta.url))

let input: Writable | undefined

/** Has the group of processes ended when this process is gone. */
export function reapLater(group: number): void {
  input ??= startReaper()
  input?.write(`+${group}\n`)
}

/** The group has ended: its number may be another group's from now on. */
export function forgetGroup(group: number): void {
  input?.write(`-${group}\n`)
}

/** A process in a session of its own, which signals to this one do not reach. The kernel closes its input when this process ends in any way. */
function startReaper(): Writable {
  const child = spawn(process.execPath, [PROGRAM], { env: {}, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  // Without it everything works, but for what it is there for.
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  child.unref()
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return child.stdin
}
