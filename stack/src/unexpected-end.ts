/**
 * Watches the processes of a running demo.
 *
 * @module
 */
import { StartError } from './errors.ts'
import type { Service } from './service.ts'

/** A process of the demo. */
export type Part = Pick<Service, 'name' | 'ended' | 'logFile'>

/** Processes of a demo, and where to say that one ended. */
export interface Parts {
  /** The end of any of these stops the demo. */
  readonly needed: readonly Part[]
  /** PDPs that share a database: the end of the last one stops the demo. */
  readonly pdps: readonly Part[]
  readonly say: (line: string) => void
}

/** Waits until the demo cannot go on. @throws StartError naming the process that ended. Never resolves. */
export async function unexpectedEnd({ needed, pdps, say }: Parts): Promise<never> {
  const alive = new Set(pdps)
  const end = async (part: Part): Promise<never> => {
    const how = await part.ended()
    alive.delete(part)
    const { name, logFile } = part
    if (alive.size === 0 || !pdps.includes(part))
      throw new StartError(`${name} ended unexpectedly (${how}). Log: ${logFile}`)
    const others = [...alive].map((one) => one.name).join(' and ')
    say(`${name} ended (${how}); ${others} ${alive.size === 1 ? 'answers' : 'answer'} in its place. Log: ${logFile}`)
    return await new Promise<never>(() => undefined)
  }
  return await Promise.race([...needed, ...pdps].map(end))
}
