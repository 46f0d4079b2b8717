import { PROBLEMS } from '@mandate/protocol'
import type { Express, Router } from 'express'
import { describe, expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { DEFAULT_LIMITS } from '../limits.ts'
import { createHttpApp, type ServerDeps } from '../server.ts'
import { openApiDocument } from './document.ts'
import { problemsOf } from './operation.ts'
import { OPERATIONS } from './operations.ts'

interface Layer {
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method: string }[] }
}

/** `METHOD /path` of everything that is routed, paths as OpenAPI writes them. */
function routesOf({ stack }: { readonly stack: readonly Layer[] }): readonly string[] {
  return stack.flatMap(
    ({ route }) => route?.stack.map(({ method }) => `${method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`) ?? [],
  )
}

/** Nothing is asked of it, so nothing has to stand behind it. */
function routedApp(): Express & { readonly router: Router } {
  const sessions = { whenEnded: () => undefined }
  const barrier = { listen: () => undefined }
  const deps = { limits: DEFAULT_LIMITS, publicUrl: () => 'https://pdp.example', sessions, barrier }
  return createHttpApp(deps as unknown as ServerDeps).app as Express & { readonly router: Router }
}

test('the app has a route for every operation, and no other', () => {
  const routed = routesOf(routedApp().router as unknown as { readonly stack: readonly Layer[] })
  expect([...new Set(routed)].sort()).toEqual(OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort())
})

describe('the document', () => {
  const text = JSON.stringify(openApiDocument('https://pdp.example'))
  const document = JSON.parse(text)

  test('refers to nothing that it does not hold', () => {
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path.split('/'))
    expect(references.length).toBeGreaterThan(100)
    for (const path of references)
      expect(
        path.reduce((at, name) => at?.[name], document),
        path.join('/'),
      ).toBeDefined()
  })

  test('has the version of the package', () => {
    expect(document.info.version).toBe(packageJson.version)
  })

  test('is the same each time', () => {
    expect(JSON.stringify(openApiDocument('https://pdp.example'))).toBe(text)
  })

  test('names every operation once', () => {
    const ids = OPERATIONS.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('has every problem under its status', () => {
    for (const operation of OPERATIONS)
      for (const [status, codes] of problemsOf(operation))
        for (const code of codes) expect(PROBLEMS[code].status, `${operation.id} ${code}`).toBe(status)
  })

  test('gives parameters to every place in a path', () => {
    for (const { path, params = {} } of OPERATIONS)
      expect(Object.keys(params), path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  })
})
