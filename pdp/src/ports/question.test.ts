import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Answers } from './answer.ts'
import { type Question, questionId } from './question.ts'

const text = fc.string({ maxLength: 3 })
const party = text.map((id) => `user:${id}` as const)
const giver = text.map((id) => `agent:${id}` as const)
const scope = fc.oneof(
  fc.record({ deed: text, part: fc.option(party, { nil: undefined }) }),
  fc.record({ domain: text, persona: text }),
)
const seat = fc.record({ scope, delegate: party, onBehalfOf: fc.option(party, { nil: undefined }) })
const standing = fc.array(giver, { maxLength: 2 })
const question: fc.Arbitrary<Question> = fc.oneof(
  fc.record({ kind: fc.constant('title' as const), owner: party, root: party, deed: text, persona: text }),
  fc.record({ kind: fc.constant('part' as const), child: party, parent: party }),
  fc.record({ kind: fc.constant('persona' as const), persona: text }),
  fc.record({ kind: fc.constant('agent' as const), agent: party }),
  fc.record({ kind: fc.constant('seat' as const), seat, grant: text }),
  fc.record({ kind: fc.constant('root' as const), owner: party, grant: text, standing }),
  fc.record({ kind: fc.constant('parent' as const), parent: text, grant: text, standing }),
  fc.record({ kind: fc.constant('gate' as const), relation: text, persona: text, value: fc.integer(), unit: text }),
)

test('ids are equal for equal questions only', () => {
  fc.assert(
    fc.property(question, question, (a, b) => {
      const isSame = JSON.stringify(a) === JSON.stringify(b)
      return (questionId(a) === questionId(b)) === isSame && questionId(a) === questionId(structuredClone(a))
    }),
    { numRuns: 2_000 },
  )
})

test('an answer is found by the question that was asked, and by an equal one', () => {
  const asked: Question = { kind: 'agent', agent: 'agent:x' }
  const answers = new Answers([[asked, false]])
  expect([answers.to(asked), answers.to({ kind: 'agent', agent: 'agent:x' })]).toEqual([false, false])
  expect(answers.to({ kind: 'agent', agent: 'agent:y' })).toMatchObject({ reason: 'absent' })
})
