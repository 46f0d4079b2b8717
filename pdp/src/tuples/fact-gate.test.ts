import { runWithDeadline } from '@mandate/service'
import { describe, expect, test } from 'vitest'
import { FactsChanged } from '../ports/answer.ts'
import { FactGate } from './fact-gate.ts'
import { ANY_FACT, FactReplacements } from './fact-replacements.ts'

const never = () => new Promise<never>(() => undefined)

/** A task that ends when it is told to. */
function aTask(): { readonly run: () => Promise<string>; readonly begun: Promise<void>; readonly end: () => void } {
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const run = (): Promise<string> => {
    begun.resolve()
    return ended.promise
  }
  return { run, begun: begun.promise, end: () => ended.resolve('done') }
}

/** Which of these have ended, when all that can go on has gone on. */
async function endedOf(named: Readonly<Record<string, Promise<unknown>>>): Promise<readonly string[]> {
  const ended: string[] = []
  for (const [name, task] of Object.entries(named)) void task.then(() => ended.push(name))
  await new Promise((resolve) => setImmediate(resolve))
  return ended
}

test('a replacement waits for the questions that were sent, and later ones wait for it', async () => {
  const gate = new FactGate(60_000)
  const [sent, replacing] = [aTask(), aTask()]
  const first = gate.ask(sent.run)
  const replacement = gate.replace(replacing.run)
  const later = gate.ask(async () => 'later')
  expect(await endedOf({ first, replacement, later })).toEqual([])
  sent.end()
  await replacing.begun
  expect(await endedOf({ replacement, later })).toEqual([])
  replacing.end()
  expect(await later).toBe('later')
})

test('replacements come one after another', async () => {
  const gate = new FactGate(60_000)
  const [one, two] = [aTask(), aTask()]
  const first = gate.replace(one.run)
  const second = gate.replace(two.run)
  two.end()
  expect(await endedOf({ first, second })).toEqual([])
  one.end()
  expect(await second).toBe('done')
})

test('a replacement or a question that fails lets the next ones go on', async () => {
  const gate = new FactGate(60_000)
  const fails = (): Promise<never> => Promise.reject(new Error('it failed'))
  await expect(gate.replace(fails)).rejects.toThrow('it failed')
  await expect(gate.ask(fails)).rejects.toThrow('it failed')
  expect(await gate.replace(async () => 'replaced')).toBe('replaced')
  expect(await gate.ask(async () => 'answered')).toBe('answered')
})

test('while a replacement is half done every question is refused, and it can still be undone', async () => {
  const gate = new FactGate(60_000)
  gate.shut('one')
  gate.shut('two')
  gate.reopen('one')
  await expect(gate.ask(async () => true)).rejects.toMatchObject({ code: 'relations_unavailable' })
  expect(await gate.replace(async () => 'undone')).toBe('undone')
  gate.reopen('two')
  expect(await gate.ask(async () => true)).toBe(true)
})

describe('a question while facts are replaced', () => {
  test('waits, and is asked after', async () => {
    const gate = new FactGate(60_000)
    const replaced = Promise.withResolvers<void>()
    const order: string[] = []
    const replacing = gate.replace(() => replaced.promise.then(() => order.push('replaced')))
    const asked = gate.ask(async () => order.push('asked'))
    replaced.resolve()
    await Promise.all([replacing, asked])
    expect(order).toEqual(['replaced', 'asked'])
  })

  test('waits no longer than it may: then it has no answer', async () => {
    const gate = new FactGate(1)
    void gate.replace(never)
    await expect(gate.ask(async () => true)).rejects.toMatchObject({ code: 'relations_unavailable' })
  })

  test('waits no longer than its caller', async () => {
    const gate = new FactGate(60_000)
    void gate.replace(never)
    const asked = runWithDeadline(performance.now() + 1, () => gate.ask(async () => true))
    await expect(asked).rejects.toMatchObject({ code: 'relations_unavailable' })
  })

  test('is let in between two of many replacements', async () => {
    const gate = new FactGate(60_000)
    let replacements = 0
    let asked = false
    const replacing = (async () => {
      while (!asked && replacements < 1_000)
        await gate.replace(async () => {
          replacements += 1
        })
    })()
    await gate.ask(async () => {
      asked = true
    })
    await replacing
    expect(replacements).toBeLessThan(10)
  })

  test('is not asked when facts were replaced after what it goes by was read', async () => {
    const gate = new FactGate(60_000)
    const asOf = gate.version
    await gate.replace(async () => undefined)
    await expect(gate.ask(async () => true, asOf)).rejects.toBeInstanceOf(FactsChanged)
    expect(await gate.ask(async () => true, gate.version)).toBe(true)
  })
})

describe('replacements by other PDPs', () => {
  const SINGLE = [{ user: 'user:p_a', relation: 'reader', object: 'sheet:1' }]
  const REPLACED = [...SINGLE, ANY_FACT]
  const event = { seq: 1, token: '' }

  /** A gate, and the events that its next barrier finds. */
  function shared(waitMs = 60_000) {
    const found: (() => void)[] = []
    const barrier = {
      pass: async () => {
        for (const apply of found.splice(0)) apply()
        return 0
      },
    }
    const replacements = new FactReplacements({ barrier, waitMs })
    const open = (keys = REPLACED, change = 'facts:1') => replacements.apply({ ...event, kind: 'open', change, keys })
    const close = (change = 'facts:1') => replacements.apply({ ...event, kind: 'close', change })
    return { gate: new FactGate(waitMs, replacements), replacements, found, open, close }
  }

  test('a question waits for the end of one that is under way', async () => {
    const { gate, open, close } = shared()
    open()
    const asked = gate.askStore(async () => 'answered')
    expect(await endedOf({ asked })).toEqual([])
    close()
    expect(await asked).toBe('answered')
  })

  test.for<readonly [string, readonly ('open' | 'close')[]]>([
    ['one that began', ['open']],
    ['one that began and ended', ['open', 'close']],
  ])('the answer does not count when the barrier after it finds %s', async ([, events]) => {
    const { gate, found, ...apply } = shared()
    for (const kind of events) found.push(() => apply[kind]())
    await expect(gate.askStore(async () => 'answered')).rejects.toThrow(FactsChanged)
  })

  test('a question that was built before one does not count', async () => {
    const { gate, open, close } = shared()
    const asOf = gate.version
    open()
    close()
    await expect(gate.ask(async () => 'answered', asOf)).rejects.toThrow(FactsChanged)
  })

  test('a change in one Write excludes no question', async () => {
    const { gate, found, open } = shared()
    open(SINGLE)
    found.push(() => open(SINGLE, 'facts:2'))
    expect(await gate.askStore(async () => 'answered')).toBe('answered')
  })

  test('one that does not end: no answer, until the log is read anew without it', async () => {
    const { gate, replacements, open } = shared(1)
    open()
    await expect(gate.askStore(async () => 'answered')).rejects.toMatchObject({ code: 'relations_unavailable' })
    replacements.reset({ position: event, pending: [{ change: 'facts:2', keys: SINGLE }] })
    expect(await gate.askStore(async () => 'answered')).toBe('answered')
  })

  test('one that was cut short is pending in the log, so this PDP keeps nothing shut of its own', async () => {
    const { gate } = shared()
    gate.shut('1')
    expect(await gate.ask(async () => 'answered')).toBe('answered')
  })
})
