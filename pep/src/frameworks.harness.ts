/** Every framework that the list of cases runs on. */
import express5 from 'express'
import express4 from 'express4'
import type { Framework } from './framework.harness.ts'
import { expressFramework } from './framework-express.harness.ts'
import { fastifyFramework } from './framework-fastify.harness.ts'
import { honoFramework } from './framework-hono.harness.ts'
import { nestFramework } from './framework-nest.harness.ts'

export const FRAMEWORKS: readonly Framework[] = [
  expressFramework('Express 4', express4),
  expressFramework('Express 5', express5),
  fastifyFramework,
  honoFramework,
  nestFramework('Express'),
  nestFramework('Fastify'),
]
