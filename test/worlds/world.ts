/**
 * Whole worlds: what happens and what is asked, in turns, so that every answer is also one that follows a change.
 *
 * @module
 */
import { administer } from '../reference/administer.ts'
import { drawCommand } from './commands.ts'
import type { Gen } from './draw.ts'
import { drawAsk } from './questions.ts'
import { beginning, type Step } from './steps.ts'

const TURNS = 5
const COMMANDS_A_TURN = 10
const QUESTIONS_A_TURN = 50
export const QUESTIONS_A_WORLD = TURNS * QUESTIONS_A_TURN

export function drawWorld(gen: Gen, now: number): readonly Step[] {
  const steps: Step[] = []
  let facts = beginning(now)
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (let index = 0; index < COMMANDS_A_TURN; index += 1) {
      const command = drawCommand(gen, facts, steps.length)
      facts = administer(facts, command).facts
      steps.push(command)
    }
    for (let index = 0; index < QUESTIONS_A_TURN; index += 1) steps.push({ ask: drawAsk(gen, facts) })
  }
  return steps
}
