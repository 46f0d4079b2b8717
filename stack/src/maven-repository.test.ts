import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MissingToolError } from './errors.ts'
import { downloadFrom, mavenRepository, mirrorOfCentral } from './maven-repository.ts'
import { temporaryFolder } from './temporary.fixture.ts'

const mirror = (of: string, url: string): string =>
  `<mirror><id>x</id><mirrorOf>${of}</mirrorOf><url>${url}</url></mirror>`

test.for([
  ['every repository', mirror('*', 'http://a.example/m2'), 'http://a.example/m2'],
  ['Maven Central by name', mirror('snapshots, central', ' http://b.example '), 'http://b.example'],
  ['all but another one', mirror('*,!internal', 'http://c.example'), 'http://c.example'],
  ['all but Maven Central', mirror('*,!central', 'http://d.example'), undefined],
  ['another repository', mirror('internal', 'http://e.example'), undefined],
  ['nothing, in a comment', `<!-- ${mirror('*', 'http://f.example')} -->`, undefined],
] as const)('a mirror of %s', ([, mirrors, url]) => {
  expect(mirrorOfCentral(`<settings><mirrors>${mirrors}</mirrors></settings>`)).toBe(url)
})

test('the repository is that of the environment, else of the user’s Maven settings, else none', async () => {
  const HOME = temporaryFolder()
  expect(await mavenRepository({ HOME })).toBeUndefined()
  mkdirSync(join(HOME, '.m2'))
  writeFileSync(join(HOME, '.m2/settings.xml'), mirror('central', 'http://a.example'))
  expect(await mavenRepository({ HOME })).toBe('http://a.example')
  expect(await mavenRepository({ HOME, MANDATE_MAVEN_URL: 'http://b.example' })).toBe('http://b.example')
})

test('an artifact is downloaded by its path; one that the repository does not have is missing', async () => {
  const server = createServer((req, res) => {
    res.statusCode = req.url === '/m2/org/x/1/x-1.zip' ? 200 : 404
    res.end('zip')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  const repository = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/m2/`
  const file = join(temporaryFolder(), 'x.zip')
  await downloadFrom({ repository, path: 'org/x/1/x-1.zip', file })
  expect(readFileSync(file, 'utf8')).toBe('zip')
  await expect(downloadFrom({ repository, path: 'org/x/2/x-2.zip', file })).rejects.toThrow(MissingToolError)
})
