/**
 * Every group of commands, in the order of `mandate --help`.
 *
 * @module
 */
import type { Describe } from '../command-line.ts'
import { describeCompletion } from './completion.ts'
import { describeService } from './service.ts'

export const COMMANDS: readonly Describe[] = [describeService, describeCompletion]
