/**
 * Cerbos and OPA: policies over what they are given. Neither keeps grants. Cerbos is sent the chain with each question, OPA has it pushed before.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '@mandate/stack'
import { Pool } from 'undici'
import { startProcess } from '../../../stack/src/process.ts'
import { send } from '../client.ts'
import type { Place } from './place.ts'
import type { Timed } from './timing.ts'

const UNITS = 100
const DAY_MS = 86_400_000
const EXPIRES = new Date(Date.now() + 30 * DAY_MS).toISOString()

const CERBOS_POLICY = `apiVersion: api.cerbos.dev/v1
resourcePolicy:
  version: default
  resource: workflow
  rules:
    - actions: ['read', 'execute']
      effect: EFFECT_ALLOW
      roles: ['user']
      condition:
        match:
          all:
            of:
              - expr: size(R.attr.chain) > 0
              - expr: R.attr.chain[0].giver == R.attr.owner
              - expr: R.attr.chain[size(R.attr.chain) - 1].delegate == P.id
              - expr: R.attr.chain.all(link, timestamp(link.expires_at) > now())
              - expr: R.attr.chain.all(link, link.actions.exists(one, one == R.attr.action))
              - expr: R.attr.chain.all(link, link.scope == R.id)
`

const linksOf = (n: number) => {
  const parties = [`o${n}`, ...[0, 1, 2].map((at) => `u${n}-${at}`)]
  return [0, 1, 2].map((at) => ({
    id: `w${n}-d${at}`,
    giver: parties[at],
    delegate: parties[at + 1],
    actions: ['read', 'execute'],
    scope: `w${n}`,
    expires_at: EXPIRES,
  }))
}

/** Starts it with one policy, its decision log off, as it is by default. */
export async function startCerbos({ dir, onShutdown }: Place, binary: string): Promise<readonly Timed[]> {
  const policies = join(dir, 'cerbos')
  mkdirSync(policies)
  writeFileSync(join(policies, 'workflow.yaml'), CERBOS_POLICY)
  const [http, grpc] = [await freePort(), await freePort()]
  const settings = [
    `server.httpListenAddr=127.0.0.1:${http}`,
    `server.grpcListenAddr=127.0.0.1:${grpc}`,
    `storage.disk.directory=${policies}`,
    'telemetry.disabled=true',
  ]
  const running = await startProcess({
    name: 'Cerbos',
    command: binary,
    args: ['server', '--log-level=error', ...settings.map((one) => `--set=${one}`)],
    env: { PATH: process.env['PATH'] ?? '', HOME: dir },
    cwd: dir,
    ready: `http://127.0.0.1:${http}/_cerbos/health`,
    readyTimeoutMs: 60_000,
    logFile: join(dir, 'cerbos.log'),
  })
  onShutdown(() => running.stop())
  const n = UNITS / 2
  const body = JSON.stringify({
    requestId: 'bench',
    principal: { id: `u${n}-2`, roles: ['user'], attr: {} },
    resources: [
      {
        actions: ['execute'],
        resource: { kind: 'workflow', id: `w${n}`, attr: { owner: `o${n}`, action: 'execute', chain: linksOf(n) } },
      },
    ],
  })
  const isRight = (answer: Readonly<Record<string, unknown>>): boolean => {
    const [result] = answer['results'] as readonly { readonly actions: Readonly<Record<string, string>> }[]
    return result?.actions['execute'] === 'EFFECT_ALLOW'
  }
  return [caseOf('Cerbos', http, '/api/check/resources', body, isRight, running.pid, onShutdown)]
}

/** The rules of one question, written for it: OPA has no notion of a grant. It answers the chain because this policy does. */
const OPA_POLICY = `package mandate

import rego.v1

default allow := false

chain := [data.grants[id] | some id in data.seats[input.resource][input.subject]]

ends_well if {
  count(chain) > 0
  chain[0].giver == data.owners[input.resource]
  chain[count(chain) - 1].delegate == input.subject
}

dead contains link.id if {
  some link in chain
  time.parse_rfc3339_ns(link.expires_at) <= time.now_ns()
}

narrow contains link.id if {
  some link in chain
  not input.action in link.actions
}

broken contains link.id if {
  some at, link in chain
  at > 0
  chain[at - 1].delegate != link.giver
}

allow if {
  ends_well
  count(dead) == 0
  count(narrow) == 0
  count(broken) == 0
}

answer := {"allow": allow, "chain": [link.id | some link in chain], "dead": dead, "narrow": narrow, "broken": broken}
`

/** Starts it with all grants pushed in, its decision log off, as it is by default. */
export async function startOpa({ dir, onShutdown }: Place, binary: string): Promise<readonly Timed[]> {
  const folder = join(dir, 'opa')
  mkdirSync(folder)
  const numbers = Array.from({ length: UNITS }, (_, at) => at)
  const links = numbers.flatMap(linksOf)
  const data = {
    grants: Object.fromEntries(links.map((link) => [link.id, link])),
    owners: Object.fromEntries(numbers.map((at) => [`w${at}`, `o${at}`])),
    seats: Object.fromEntries(numbers.map((at) => [`w${at}`, { [`u${at}-2`]: linksOf(at).map(({ id }) => id) }])),
  }
  writeFileSync(join(folder, 'policy.rego'), OPA_POLICY)
  writeFileSync(join(folder, 'data.json'), JSON.stringify(data))
  const port = await freePort()
  const running = await startProcess({
    name: 'OPA',
    command: binary,
    args: ['run', '--server', '--skip-version-check', '--log-level', 'error', '--addr', `127.0.0.1:${port}`, folder],
    env: { PATH: process.env['PATH'] ?? '', HOME: dir },
    cwd: dir,
    ready: `http://127.0.0.1:${port}/health`,
    readyTimeoutMs: 60_000,
    logFile: join(dir, 'opa.log'),
  })
  onShutdown(() => running.stop())
  const n = UNITS / 2
  const body = JSON.stringify({ input: { subject: `u${n}-2`, action: 'execute', resource: `w${n}` } })
  const isRight = (answer: Readonly<Record<string, unknown>>): boolean => {
    const { allow, chain } = (answer['result'] ?? {}) as {
      readonly allow?: boolean
      readonly chain?: readonly string[]
    }
    return allow === true && chain?.length === 3
  }
  return [caseOf('OPA', port, '/v1/data/mandate/answer', body, isRight, running.pid, onShutdown)]
}

function caseOf(
  system: string,
  port: number,
  path: string,
  body: string,
  isRight: (answer: Readonly<Record<string, unknown>>) => boolean,
  pid: number,
  onShutdown: Place['onShutdown'],
): Timed {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64 })
  onShutdown(() => pool.destroy())
  const once = async (): Promise<void> => {
    const answer = await send(pool, path, 'none', body)
    if (!isRight(answer)) throw new Error(`bench: ${system}: ${JSON.stringify(answer).slice(0, 500)}`)
  }
  return { system, name: 'chain of 3', once, pids: () => [pid] }
}
