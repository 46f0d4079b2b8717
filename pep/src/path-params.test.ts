import { expectTypeOf, test } from 'vitest'
import type { PathParams } from './path-params.ts'

test('the parameters of a path are its names', () => {
  expectTypeOf<keyof PathParams<'/notes/:id'>>().toEqualTypeOf<'id'>()
  expectTypeOf<keyof PathParams<'/notes/:id/pages/:page'>>().toEqualTypeOf<'id' | 'page'>()
  expectTypeOf<keyof PathParams<'/flights/:from-:to.:format'>>().toEqualTypeOf<'from' | 'to' | 'format'>()
  expectTypeOf<PathParams<'/notes/:id'>['id']>().toEqualTypeOf<string>()
  expectTypeOf<PathParams<'/files/*path'>['path']>().toEqualTypeOf<string[]>()
  // Optional parts and paths that are not known have values of any kind.
  expectTypeOf<PathParams<'/notes{/:id}'>>().toEqualTypeOf<Record<string, string | string[]>>()
  expectTypeOf<PathParams<string>>().toEqualTypeOf<Record<string, string | string[]>>()
})
