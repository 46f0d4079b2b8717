/**
 * Every group of commands, in the order of `mandate --help`.
 *
 * @module
 */
import type { Describe } from '../command-line.ts'
import { describeAgent } from './agent.ts'
import { describeAsk } from './ask.ts'
import { describeCompletion } from './completion.ts'
import { describeDoctor } from './doctor.ts'
import { describeGrant } from './grant.ts'
import { describeKey } from './key.ts'
import { describeLog } from './log.ts'
import { describePersona } from './persona.ts'
import { describePolicy } from './policy.ts'
import { describeResource } from './resource.ts'
import { describeService } from './service.ts'
import { describeSettings } from './settings.ts'
import { describeSignIn } from './sign-in.ts'

export const COMMANDS: readonly Describe[] = [
  describeSignIn,
  describeAsk,
  describeGrant,
  describeSettings,
  describePersona,
  describeAgent,
  describeKey,
  describeResource,
  describePolicy,
  describeLog,
  describeService,
  describeDoctor,
  describeCompletion,
]
