import { describe, expect, test } from 'vitest'
import { personaId, personaName, personaParts } from './persona-id.ts'

describe('the id of a persona', () => {
  test('says whose it is, and as what', () => {
    const parts = { holder: 'user:p_1', title: 'travel-agent', circle: 'acme', n: 2 } as const
    const persona = personaId(parts)
    expect(persona).toBe('p_1.travel-agent.acme.2')
    expect(personaParts(persona)).toEqual(parts)
    expect(personaName(persona)).toBe('travel-agent/acme')
  })

  test('nonsense is nobody`s', () => {
    expect(personaParts('x')).toEqual({ holder: 'user:x', title: '', circle: '', n: 0 })
  })
})
