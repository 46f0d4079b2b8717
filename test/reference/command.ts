/**
 * What can happen to a world, in the words of `test/cases`: every command is a step that a case could have.
 *
 * @module
 */
import type { GrantStep } from '../fixtures/world.ts'

/** As a case writes them: cents of a euro, days, and a number. */
export interface CaseSettings {
  readonly consent: boolean
  readonly price: number
  readonly lead_days: number
  readonly risk: number
}

export type Command =
  | { readonly advance: { readonly seconds: number } }
  | { readonly trip: { readonly name: string; readonly owner: string; readonly persona: string } }
  | { readonly transfer: { readonly trip: string; readonly to: string; readonly persona: string } }
  | { readonly take: { readonly who: string; readonly persona: string } }
  | { readonly persona: PersonaChange }
  | { readonly autonomy: { readonly of: string; readonly name: string; readonly settings: 'none' | CaseSettings } }
  | { readonly agent: { readonly name: string; readonly status: 'active' | 'suspended' } }
  | { readonly grant: GrantStep & { readonly name: string } }
  | { readonly revoke: { readonly grant: string; readonly by: string } }

export interface PersonaChange {
  readonly of: string
  readonly name: string
  /** `inactive` and `revoked` are the holder's own doing, the others a persona administrator's. */
  readonly status?: 'active' | 'inactive' | 'suspended' | 'revoked'
  /** In days from now. */
  readonly valid_from?: number
  readonly valid_till?: number
}

/** What the PAP should answer: `done`, or the code of a problem. Several fields: any of them may be the one that is named. */
export type Outcome =
  | { readonly code: 'done' }
  | { readonly code: string; readonly field?: string; readonly fields?: readonly string[] }
