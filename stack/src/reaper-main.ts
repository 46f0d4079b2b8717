/**
 * The process that `reaper.ts` starts. Reads `+GROUP` and `-GROUP` from standard input; at its end, ends the groups that are left: SIGTERM, then SIGKILL.
 *
 * @module
 */
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** Time for an orderly end, in milliseconds; as in `process.ts`. */
const GRACE_MS = 10_000
const POLL_MS = 100

const groups = new Set<number>()
for await (const line of createInterface({ input: process.stdin })) {
  const group = Number(line.slice(1))
  if (line.startsWith('+')) groups.add(group)
  else groups.delete(group)
}
const isThere = (group: number): boolean => signal(group, 0)
const end = performance.now() + GRACE_MS
for (const group of groups) signal(group, 'SIGTERM')
while ([...groups].some(isThere) && performance.now() < end) await delay(POLL_MS)
for (const group of groups) signal(group, 'SIGKILL')

/** @returns Whether there is such a group. */
function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, name)
  } catch {
    return false
  }
}
