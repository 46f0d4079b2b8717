/**
 * Every group of commands, in the order of `mandate --help`.
 *
 * @module
 */
import type { Describe } from '../command-line.ts'
import { describeAgent } from './agent.ts'
import { describeCompletion } from './completion.ts'
import { describePersona } from './persona.ts'
import { describeService } from './service.ts'
import { describeSignIn } from './sign-in.ts'

export const COMMANDS: readonly Describe[] = [
  describeSignIn,
  describeAgent,
  describePersona,
  describeService,
  describeCompletion,
]
