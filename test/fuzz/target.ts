/**
 * What the fuzzer attacks: a service, or a function that reads what others wrote.
 *
 * @module
 */
import type { Random } from '../new-enemy/random.ts'

/** JSON, so that a failing input can be kept in a file and sent again. */
export type Input = Readonly<Record<string, unknown>>

export interface Outcome {
  /** What was answered, for the counts: `2xx`, `400`, `refused`. */
  readonly answer: string
  /** What is wrong with it: a 5xx, an error that nobody expects. */
  readonly fault?: string
}

export interface Target {
  readonly name: string
  /** Part of all inputs, in relation to the others. */
  readonly weight: number
  /** Process whose memory is watched. @default this one */
  readonly pid?: () => number
  draw(random: Random): Input
  send(input: Input): Promise<Outcome>
}
