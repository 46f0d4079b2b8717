import { expect, test } from 'vitest'
import { unexpectedEnd } from './unexpected-end.ts'

/** A process that ends when the test says so. */
function aPart(name: string) {
  const { promise, resolve } = Promise.withResolvers<string>()
  return { name, logFile: `/logs/${name}.log`, ended: () => promise, end: resolve }
}

test('the others go on when one of several PDPs ends; the end of the last one stops the demo', async () => {
  const [pdp, pdp2, pdp3] = [aPart('pdp'), aPart('pdp2'), aPart('pdp3')]
  const said: string[] = []
  const over = unexpectedEnd({ needed: [aPart('trips')], pdps: [pdp, pdp2, pdp3], say: (line) => said.push(line) })
  pdp2.end('exit 0')
  await expect.poll(() => said).toEqual(['pdp2 ended (exit 0); pdp and pdp3 answer in its place. Log: /logs/pdp2.log'])
  pdp.end('SIGKILL')
  await expect.poll(() => said.at(-1)).toBe('pdp ended (SIGKILL); pdp3 answers in its place. Log: /logs/pdp.log')
  pdp3.end('exit 1')
  await expect(over).rejects.toThrow('pdp3 ended unexpectedly (exit 1). Log: /logs/pdp3.log')
})

test('the end of the only PDP, or of another service, stops the demo', async () => {
  const [pdp, trips] = [aPart('pdp'), aPart('trips')]
  const say = (line: string): void => expect.unreachable(line)
  pdp.end('exit 0')
  await expect(unexpectedEnd({ needed: [], pdps: [pdp], say })).rejects.toThrow('pdp ended unexpectedly (exit 0)')
  trips.end('exit 0')
  await expect(unexpectedEnd({ needed: [trips], pdps: [aPart('pdp'), aPart('pdp2')], say })).rejects.toThrow('trips')
})
