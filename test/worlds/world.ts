/**
 * Whole worlds: what happens and what is asked, in turns, so that every answer is also one that follows a change.
 *
 * @module
 */
import { administer } from '../reference/administer.ts'
import type { Command } from '../reference/command.ts'
import type { Facts } from '../reference/facts.ts'
import { drawCommand } from './commands.ts'
import type { Gen } from './draw.ts'
import { drawAsk } from './questions.ts'
import { beginning, type Step } from './steps.ts'

/** How much happens before each round of questions. */
const TURNS = [18, 8, 8, 8, 8]
const QUESTIONS_A_TURN = 70
export const QUESTIONS_A_WORLD = TURNS.length * QUESTIONS_A_TURN

/** Commands and questions, in turns. */
export function drawWorld(gen: Gen, now: number): readonly Step[] {
  const steps: Step[] = []
  let facts = beginning(now)
  for (const length of TURNS) {
    const drawn = drawCommands(gen, facts, length, steps)
    facts = drawn.facts
    steps.push(...drawn.commands)
    for (let index = 0; index < QUESTIONS_A_TURN; index += 1) steps.push({ ask: drawAsk(gen, facts) })
  }
  return steps
}

/** Commands only: what a law is held against at its end. */
export function drawHistory(gen: Gen, now: number, length: number): readonly Command[] {
  return drawCommands(gen, beginning(now), length, []).commands
}

/** What happens after that. */
export function drawMore(gen: Gen, facts: Facts, length: number, earlier: readonly Step[]): readonly Command[] {
  return drawCommands(gen, facts, length, earlier).commands
}

function drawCommands(
  gen: Gen,
  before: Facts,
  length: number,
  earlier: readonly Step[],
): { readonly facts: Facts; readonly commands: readonly Command[] } {
  const commands: Command[] = []
  let facts = before
  for (let index = 0; index < length; index += 1) {
    const command = drawCommand(gen, facts, [...earlier, ...commands])
    facts = administer(facts, command).facts
    commands.push(command)
  }
  return { facts, commands }
}
